import { renderVersions } from '../../augment/stage/index.js';
import type { Picture } from '../base/picture.js';
import { classesOf, type Dataset, imageBytes } from '../contracts/index.js';

/** Names of a sample's classes. */
export function labelOf(dataset: Dataset, sample: number): string {
  const own = classesOf(dataset, sample).map((label) => dataset.classes[label] ?? '?');
  return own.join(', ') || 'none';
}

/** Samples as pictures with their classes below. */
export async function samplePictures(dataset: Dataset, samples: Uint32Array): Promise<Picture[]> {
  const [pixels] = await renderVersions(samples, { dataset, seed: 0, transforms: [], versions: 0 });
  return pixels === undefined ? [] : picturesOf(pixels, dataset, (index) => labelOf(dataset, samples[index] ?? 0));
}

/** Images behind each other as pictures. */
export function picturesOf(
  pixels: Uint8Array,
  { shape }: Pick<Dataset, 'shape'>,
  label: (index: number) => string,
): Picture[] {
  const size = imageBytes(shape);
  return Array.from({ length: pixels.length / size }, (_, index) => ({
    ...shape,
    pixels: pixels.subarray(index * size, (index + 1) * size),
    label: label(index),
  }));
}
