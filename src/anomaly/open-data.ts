/** Data with what is normal and what is not. */

import { stat } from 'node:fs/promises';
import { join } from 'node:path';
import { combinationError } from '../base/errors.js';
import type { DatasetPair } from '../contracts/index.js';
import { type AnnotatedImage, readMvtec } from '../data/annotations/index.js';
import { catalogEntry, type OpenOptions, openDataset } from '../data/index.js';
import { samplesOfClass } from './evaluate.js';
import type { AnomalyImages } from './images.js';

/** Images of classes, or good images and images with masks of their defects. */
export type AnomalyData =
  | ({ readonly kind: 'classes' } & DatasetPair)
  | {
      readonly kind: 'defects';
      readonly name: string;
      readonly train: readonly AnnotatedImage[];
      readonly test: readonly AnnotatedImage[];
    };

/**
 * Opens a folder in MVTec's layout (`train/good`, `test/DEFECT`, `ground_truth/DEFECT`), or a dataset of classes.
 *
 * @throws ConvoyError as `openDataset`.
 */
export async function openAnomalyData(options: OpenOptions): Promise<AnomalyData> {
  const { name, limit, testLimit, imageSize, ...rest } = options;
  if ((await isFolder(join(name, 'train', 'good'))) && (await isFolder(join(name, 'ground_truth')))) {
    const { images: train } = await readMvtec(name, { split: 'train' });
    const { images: test } = await readMvtec(name, { split: 'test' });
    return { kind: 'defects', name, train: train.slice(0, limit), test: test.slice(0, testLimit) };
  }
  // Images of the catalog's datasets are resized when they are read.
  const size = imageSize === undefined || catalogEntry(name) !== undefined ? {} : { imageSize };
  const { train, test } = await openDataset({
    ...rest,
    ...size,
    name,
    ...(testLimit === undefined ? {} : { testLimit }),
  });
  return { kind: 'classes', train, test };
}

/**
 * The normal images of the training split.
 *
 * @param normal a class; of a folder with defects undefined.
 * @param limit most images.
 * @throws ConvoyError `CONVOY_OPTION` for classes without a normal one, or one that there is not.
 */
export function normalImages(
  data: AnomalyData,
  normal: string | undefined,
  limit?: number,
): { readonly images: AnomalyImages; readonly samples?: Uint32Array } {
  if (data.kind === 'defects') {
    if (normal !== undefined && normal !== 'good')
      throw combinationError('--normal', 'excludes', `${data.name}, whose images in train/good are normal`);
    return { images: data.train.map(({ file }) => file) };
  }
  if (normal === undefined)
    throw combinationError(
      data.train.name,
      'needs',
      `--normal CLASS (or --all-classes): ${data.train.classes.join(', ')}`,
    );
  return { images: data.train, samples: samplesOfClass(data.train, normal).subarray(0, limit) };
}

async function isFolder(path: string): Promise<boolean> {
  return (await stat(path).catch(() => undefined))?.isDirectory() === true;
}
