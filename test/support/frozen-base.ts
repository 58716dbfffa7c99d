import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import sharp from 'sharp';
import { type LayersModel, tf } from '../../src/base/tf.js';
import type { Dataset } from '../../src/contracts/index.js';
import type { Runtime } from '../../src/runtime/contract.js';

/** Convolutions, batch norm, and maps as features, which the new head averages. */
export function baseLayers(dropout: number): LayersModel {
  const { layers } = tf;
  return tf.sequential({
    layers: [
      layers.conv2d({ name: 'conv', filters: 8, kernelSize: 3, inputShape: [8, 8, 1], useBias: false }),
      layers.batchNormalization({ name: 'bn' }),
      layers.reLU({ name: 'relu' }),
      ...(dropout > 0 ? [layers.dropout({ name: 'drop', rate: dropout })] : []),
      layers.conv2d({ name: 'maps', filters: 6, kernelSize: 3 }),
      layers.maxPooling2d({ name: 'pool', poolSize: 2 }),
      layers.flatten({ name: 'flat' }),
      layers.dense({ name: 'classes', units: 5 }),
    ],
  });
}

/** The same images as PNG files below a folder. */
export async function asFiles(dataset: Dataset, folder: string): Promise<Dataset> {
  const { store, split, count } = dataset;
  if (store.kind !== 'pixels') throw new TypeError('tiny data are pixels');
  const root = join(folder, split);
  await mkdir(root);
  const paths = Array.from({ length: count }, (_, sample) => `${sample}.png`);
  for (const [sample, path] of paths.entries()) {
    const raw = { width: 8, height: 8, channels: 1 } as const;
    await sharp(Uint8Array.from(store.pixels.subarray(sample * 64, (sample + 1) * 64)), { raw })
      .toColourspace('b-w')
      .png()
      .toFile(join(root, path));
  }
  return { ...dataset, store: { kind: 'files', root, paths } };
}

/** Pixels into the arena's own slots. */
export function pixelStage({ arena, layout }: Runtime, { store, shape, targets }: Dataset) {
  const bytes = shape.height * shape.width * shape.channels;
  return {
    begin: () => undefined,
    fill: async ({ samples, slot }: { samples: Uint32Array; slot: number }) => {
      if (store.kind !== 'pixels' || targets.kind !== 'classes')
        throw new TypeError('tiny data are pixels and classes');
      const target = arena.uint8(arena.slot(`pixels/${slot}`), 0, layout.capacity * bytes);
      samples.forEach((sample, row) =>
        target.set(store.pixels.subarray(sample * bytes, (sample + 1) * bytes), row * bytes),
      );
    },
    close: async () => undefined,
  };
}
