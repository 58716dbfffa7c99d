import type { LayersModel } from '../base/tf.js';
import { type InputSize, loadArchitecture } from '../models/index.js';
import { weightsError } from './errors.js';
import { mapWeights } from './map.js';
import { readWeightsFile } from './read.js';

/** A model file's two parts. */
interface LoadedModel {
  /** Its variables do not hold the weights yet: give them to an engine's arena, or to `setWeights`. */
  readonly model: LayersModel;
  /** In the order of `modelParameters`. */
  readonly weights: Float32Array[];
}

/**
 * Loads a whole model: Keras's `.keras` or `.h5` with its architecture, or the `model.json` of a tfjs model.
 *
 * @param size height and width of images, for a model that takes any.
 * @throws ConvoyError `CONVOY_WEIGHTS` when the file is damaged, has no architecture or weights that do not fit it;
 *   `CONVOY_MODEL` when the architecture has a layer or setting that convoy does not know.
 */
export async function loadModelFile(path: string, size?: InputSize): Promise<LoadedModel> {
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
