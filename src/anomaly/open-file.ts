import type { z } from 'zod';
import { fileError } from '../base/errors.js';
import { loadArchitecture, modelParameters, setWeights } from '../models/index.js';
import { loadNative } from '../native/index.js';
import { type NamedTensor, readSafetensors } from '../weights/index.js';
import type { Detector, Grid } from './contract.js';
import { AnomalyModel } from './model.js';
import { errorSource, featureSource } from './network.js';
import { Padim } from './padim.js';
import { PatchCore } from './patch-core.js';
import { triangle } from './place-statistics.js';
import { reconstructionErrors } from './reconstruction.js';
import { type AnomalySettings, metadataKey, metadataSchema, ofNetwork } from './settings.js';

/**
 * Opens a file of `AnomalyModel.save`. It needs neither the run nor its data. Dispose the model when you are done.
 *
 * @throws ConvoyError `CONVOY_WEIGHTS` for a file that is damaged or no such model.
 */
export async function openAnomalyModel(file: string): Promise<AnomalyModel> {
  await loadNative();
  const { tensors, metadata } = await readSafetensors(file);
  const { settings, record, architecture } = parse(file, metadata[metadataKey]);
  const byName = new Map(tensors.map((tensor) => [tensor.name, tensor]));
  const tensor = (name: string, length?: number): NamedTensor => {
    const found = byName.get(name);
    const expected = length === undefined ? 'this tensor' : `${length} values`;
    if (found === undefined || (length !== undefined && found.data.length !== length)) {
      const size = found === undefined ? 'none' : `${found.data.length}`;
      throw fileError('CONVOY_WEIGHTS', file, `tensor ${name}`, expected, size);
    }
    return found;
  };
  const model = loadArchitecture(architecture, file);
  try {
    setWeights(
      model,
      modelParameters(model).map(({ spec: { name, shape } }) => {
        return tensor(
          `${ofNetwork}${name}`,
          shape.reduce((product, size) => product * size, 1),
        ).data;
      }),
    );
    const network = { model, record };
    const { features } = settings;
    const source = features === undefined ? errorSource(network) : featureSource(network, features);
    const detector = detectorOf(settings, source.grid, tensor);
    return new AnomalyModel({ network, source, detector }, settings);
  } catch (error) {
    model.dispose();
    throw error;
  }
}

function detectorOf(
  { method, neighbours }: AnomalySettings,
  grid: Grid,
  tensor: (name: string, length?: number) => NamedTensor,
): Detector {
  const { height, width, channels } = grid;
  const places = height * width;
  switch (method) {
    case 'padim':
      return new Padim(
        grid,
        tensor('mean', places * channels).data,
        tensor('factors', places * triangle(channels)).data,
      );
    case 'patchcore':
      return new PatchCore(grid, tensor('bank', (tensor('bank').shape[0] ?? 0) * channels).data, neighbours);
    case 'reconstruction':
      return reconstructionErrors(grid);
  }
}

function parse(file: string, text: string | undefined): z.output<typeof metadataSchema> {
  const wrong = (found: string, cause?: unknown) =>
    fileError('CONVOY_WEIGHTS', file, metadataKey, 'a model of convoy anomaly fit', found, cause);
  if (text === undefined) throw wrong('none');
  try {
    return metadataSchema.parse(JSON.parse(text));
  } catch (error) {
    throw wrong('other settings', error);
  }
}
