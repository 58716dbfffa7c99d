import { modelParameters } from '../models/index.js';
import { writeSafetensors } from '../weights/index.js';
import type { AnomalyNetwork, StoredTensor } from './contract.js';
import { type AnomalySettings, metadataKey, ofNetwork } from './settings.js';

/**
 * Writes a model: safetensors of detector and network, with preprocessing, settings and architecture in the metadata.
 *
 * @throws ConvoyError `CONVOY_DISK`.
 */
export async function writeAnomalyModel(
  file: string,
  { model, record: { image, preprocess, targets } }: AnomalyNetwork,
  settings: AnomalySettings,
  tensors: readonly StoredTensor[],
): Promise<void> {
  const { height, width, channels } = image;
  const record = { image: { height, width, channels }, preprocess, targets };
  const architecture: unknown = JSON.parse(JSON.stringify(model.toJSON(undefined, false)));
  const weights = await Promise.all(
    modelParameters(model).map(async ({ variable, spec }) => ({
      name: `${ofNetwork}${spec.name}`,
      shape: spec.shape,
      data: Float32Array.from(await variable.read().data()),
    })),
  );
  await writeSafetensors(file, [...tensors, ...weights], {
    [metadataKey]: JSON.stringify({ settings, record, architecture }),
  });
}
