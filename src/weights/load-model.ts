import type { LayersModel } from '../base/tf.js';
import { type InputSize, loadArchitecture, setWeights } from '../models/index.js';
import { weightsError } from './errors.js';
import { mapWeights } from './map.js';
import { readWeightsFile } from './read.js';

/** A model file's two parts. */
interface LoadedModel {
  readonly model: LayersModel;
  /** In the order of `modelParameters`. */
  readonly weights: Float32Array[];
}

/**
 * Loads a whole model: Keras's `.keras` or `.h5` with its architecture, or the `model.json` of a tfjs model. The model has the
 * file's weights; `weights` are the same numbers by themselves.
 *
 * @param size height and width of images, for a model that takes any.
 * @throws ConvoyError `CONVOY_WEIGHTS` when the file is damaged, has no architecture or weights that do not fit it;
 *   `CONVOY_MODEL` when the architecture has a layer or setting that convoy does not know.
 */
export async function loadModelFile(path: string, size?: InputSize): Promise<LoadedModel> {
  const loaded = await readModelFile(path, size);
  setWeights(loaded.model, loaded.weights);
  return loaded;
}

/** The same for engines, which keep weights elsewhere: the values of the model's own variables are unspecified. */
export async function readModelFile(path: string, size?: InputSize): Promise<LoadedModel> {
  const file = await readWeightsFile(path);
  if (file.config === undefined) {
    throw weightsError(path, '', 'a model with its architecture', `weights alone (${file.format})`);
  }
  const model = loadArchitecture(file.config, path, size);
  try {
    return { model, weights: mapWeights(model, file) };
  } catch (error) {
    model.dispose();
    throw error;
  }
}
