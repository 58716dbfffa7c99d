import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { diskError, writeFileAtomic } from '../base/atomic-file.js';
import { type LayersModel, tf } from '../base/tf.js';
import { setWeights } from '../models/index.js';

/**
 * Saves a model as tfjs's layers format: `model.json` and `weights.bin`, for `tf.loadLayersModel` and convoy itself.
 *
 * @param weights in the order of `modelParameters`.
 * @throws ConvoyError `CONVOY_DISK`.
 */
export async function exportLayersModel(
  model: LayersModel,
  weights: readonly Float32Array[],
  folder: string,
): Promise<void> {
  await mkdir(folder, { recursive: true }).catch((error: unknown) => {
    throw diskError(folder, error);
  });
  setWeights(model, weights);
  await model.save(
    tf.io.withSaveHandler(async ({ modelTopology, weightSpecs, weightData }) => {
      const data = weightData as ArrayBuffer;
      const manifest = {
        format: 'layers-model',
        generatedBy: 'convoy',
        convertedBy: null,
        modelTopology,
        weightsManifest: [{ paths: ['weights.bin'], weights: weightSpecs }],
      };
      await writeFileAtomic(join(folder, 'weights.bin'), [new Uint8Array(data)]);
      await writeFileAtomic(join(folder, 'model.json'), [JSON.stringify(manifest)]);
      return {
        modelArtifactsInfo: {
          dateSaved: new Date(),
          modelTopologyType: 'JSON' as const,
          weightDataBytes: data.byteLength,
        },
      };
    }),
  );
}
