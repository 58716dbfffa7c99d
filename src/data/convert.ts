import { mkdir } from 'node:fs/promises';
import path from 'node:path';
import { diskError, writePartsAtomic } from '../base/atomic-file.js';
import { combinationError } from '../base/errors.js';
import { tfRecord } from '../base/tf-record.js';
import type { Dataset } from '../contracts/index.js';
import { readStoredImage, storedImageError } from '../images/index.js';
import { type OpenedDataset, openDataset } from './open.js';
import { checkAborted, type OpenOptions } from './options.js';
import { pngOf } from './png.js';
import { writeExample } from './tf-example.js';

/** Options of `convertDataset`. */
export interface ConvertOptions extends OpenOptions {
  /** Folder for the files. */
  readonly out: string;
  /** Images of one file. */
  readonly shardImages?: number;
}

/** What was written. */
export interface ConvertedDataset {
  readonly files: readonly string[];
  readonly counts: Readonly<Record<string, number>>;
}

/** Some 100 MB of photographs, as TensorFlow advises. */
const usualShard = 1000;

/**
 * Writes a dataset as TFRecord files of `tf.train.Example`, in shards: `image/encoded` (files as they are, decoded pixels as PNG),
 * `image/height`, `image/width`, `image/class/label` and `image/class/text`.
 *
 * @throws ConvoyError as `openDataset`; `CONVOY_OPTION` for several labels an image, `CONVOY_DISK`.
 */
export async function convertDataset({
  out,
  shardImages = usualShard,
  ...opening
}: ConvertOptions): Promise<ConvertedDataset> {
  const opened = await openDataset(opening);
  await mkdir(out, { recursive: true }).catch((error: unknown) => {
    throw diskError(out, error);
  });
  const files: string[] = [];
  const counts: Record<string, number> = {};
  for (const dataset of splitsOf(opened)) {
    if (dataset.targets.kind !== 'classes')
      throw combinationError('convoy data convert', 'needs', 'a dataset of one class per image');
    counts[dataset.split] = dataset.count;
    const shards = Math.ceil(dataset.count / shardImages);
    for (let shard = 0; shard < shards; shard++) {
      const [number, total] = [shard, shards].map((value) => String(value).padStart(5, '0'));
      const stem = path.parse(dataset.name).name;
      const file = path.join(out, `${stem}-${dataset.split}.tfrecord-${number}-of-${total}`);
      const end = Math.min(dataset.count, (shard + 1) * shardImages);
      await writePartsAtomic(file, records(dataset, shard * shardImages, end, opening));
      files.push(file);
    }
  }
  return { files, counts };
}

function splitsOf({ train, test, validation }: OpenedDataset): Dataset[] {
  return [train, test, ...(validation === undefined ? [] : [validation])];
}

async function* records(
  dataset: Dataset,
  from: number,
  to: number,
  { onProgress, signal }: OpenOptions,
): AsyncGenerator<Uint8Array> {
  const { targets, classes, count, split, shape } = dataset;
  if (targets.kind !== 'classes') return;
  for (let sample = from; sample < to; sample++) {
    checkAborted(signal, `writing ${dataset.name}`);
    const label = targets.labels[sample] as number;
    const features = {
      'image/encoded': await encoded(dataset, sample),
      ...(dataset.store.kind === 'pixels' ? { 'image/height': shape.height, 'image/width': shape.width } : {}),
      'image/class/label': label,
      'image/class/text': classes[label] ?? String(label),
    };
    yield tfRecord(writeExample(features));
    if (sample % 100 === 0) onProgress?.({ what: `writing ${split}`, done: sample, total: count, unit: 'images' });
  }
}

async function encoded({ store, shape }: Dataset, sample: number): Promise<Uint8Array> {
  if (store.kind === 'files') {
    try {
      return readStoredImage(store, sample);
    } catch (error) {
      throw storedImageError(store, sample, error);
    }
  }
  return pngOf(store.pixels, shape, sample);
}
