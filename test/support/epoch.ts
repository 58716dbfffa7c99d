/** What training sees of datasets, to compare them. */
import { createHash } from 'node:crypto';
import { parseAugment } from '../../augment/spec/index.js';
import { Renderer } from '../../augment/stage/index.js';
import { type Dataset, imageBytes } from '../../src/contracts/index.js';
import type { OpenedDataset } from '../../src/data/index.js';

export const splitsOf = ({ train, test, validation }: OpenedDataset): Dataset[] =>
  [train, test, validation].filter((split) => split !== undefined);

/** ava compares large arrays slowly. */
export const digestOf = (pixels: Uint8Array): string => createHash('sha256').update(pixels).digest('hex');

/** A dataset without where it lies and what it is called, for comparison. */
export function facts({ store, name: _, ...rest }: Dataset): unknown {
  return { ...rest, pixels: store.kind === 'pixels' ? digestOf(store.pixels) : store.kind };
}

/** Pixels of a dataset of one window at most, last sample first, as the stage's threads make them. */
export async function epochOf(dataset: Dataset, augment = 'none'): Promise<Uint8Array> {
  const { count, shape } = dataset;
  const pixels = new Uint8Array(count * imageBytes(shape));
  const renderer = new Renderer({ dataset, transforms: parseAugment(augment), seed: 1 });
  const samples = Uint32Array.from({ length: count }, (_, index) => count - 1 - index);
  await renderer.render(0, 0, samples, { pixels });
  return pixels;
}

/** The digest of `epochOf`. */
export const seenOf = async (dataset: Dataset, augment = 'none'): Promise<string> =>
  digestOf(await epochOf(dataset, augment));
