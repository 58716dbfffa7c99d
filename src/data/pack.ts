import { mkdir, stat } from 'node:fs/promises';
import path from 'node:path';
import { diskError } from '../base/atomic-file.js';
import type { Dataset, FileStore } from '../contracts/index.js';
import { readStoredImage, storedImageError } from '../images/index.js';
import { type OpenedDataset, openDataset } from './open.js';
import { checkAborted, type OpenOptions } from './options.js';
import { type PackSplit, writePacked } from './packed/index.js';

/** Options of `packDataset`. */
export interface PackOptions extends OpenOptions {
  /** The file to write. */
  readonly out: string;
}

/** What was written. */
export interface PackedDataset {
  readonly file: string;
  readonly bytes: number;
  /** Decoded pixels of one size, or encoded images as they were. */
  readonly store: 'pixels' | 'images';
  /** Images by split. */
  readonly counts: Readonly<Record<string, number>>;
}

/**
 * Writes a dataset as one packed file, which `openDataset` takes as a path. Images that would be in memory are written as pixels
 * (small ones, and all of an `imageSize` that fit); others as the encoded images they are. Splits, classes and targets are those
 * of this opening, and so are the fingerprints.
 *
 * @throws ConvoyError as `openDataset`; `CONVOY_DISK` where the file cannot be written.
 */
export async function packDataset({ out, ...opening }: PackOptions): Promise<PackedDataset> {
  const opened = await openDataset(opening);
  const { train, notes } = opened;
  await mkdir(path.dirname(path.resolve(out)), { recursive: true }).catch((error: unknown) => {
    throw diskError(out, error);
  });
  const splits = splitsOf(opened);
  await writePacked(out, {
    name: train.name,
    classes: [...train.classes],
    shape: train.shape,
    files: [],
    notes: [...notes],
    splits: splits.map((dataset): PackSplit => {
      const { store } = dataset;
      const images: PackSplit['images'] =
        store.kind === 'pixels'
          ? { kind: 'pixels', pixels: store.pixels }
          : { kind: 'images', images: encodedImages(dataset, store, opening) };
      return { ...dataset, images };
    }),
  });
  const { size } = await stat(out);
  const counts = Object.fromEntries(splits.map(({ split, count }) => [split, count]));
  return { file: out, bytes: size, store: train.store.kind === 'pixels' ? 'pixels' : 'images', counts };
}

function splitsOf({ train, test, validation }: OpenedDataset): Dataset[] {
  return [train, test, ...(validation === undefined ? [] : [validation])];
}

async function* encodedImages(
  { split, count, name }: Dataset,
  store: FileStore,
  { onProgress, signal }: OpenOptions,
): AsyncGenerator<Uint8Array, void, undefined> {
  for (let sample = 0; sample < count; sample++) {
    checkAborted(signal, `packing ${name}`);
    try {
      yield readStoredImage(store, sample);
    } catch (error) {
      throw storedImageError(store, sample, error);
    }
    if (sample % 100 === 0) onProgress?.({ what: `packing ${split}`, done: sample, total: count, unit: 'images' });
  }
}
