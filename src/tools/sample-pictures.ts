import { renderVersions } from '../../augment/stage/index.js';
import type { Picture } from '../base/picture.js';
import { classesOf, type Dataset, imageBytes } from '../contracts/index.js';
import { overlayMask } from '../masks/index.js';

/** Names of a sample's classes. */
export function labelOf(dataset: Dataset, sample: number): string {
  if (dataset.targets.kind === 'pixels') return `${sample}`;
  const own = classesOf(dataset, sample).map((label) => dataset.classes[label] ?? '?');
  return own.join(', ') || 'none';
}

/** Samples as pictures with their classes below. */
export async function samplePictures(dataset: Dataset, samples: Uint32Array): Promise<Picture[]> {
  const [version] = await renderVersions(samples, { dataset, seed: 0, transforms: [], versions: 0 });
  return version === undefined
    ? []
    : picturesOf(version.pixels, dataset, (index) => labelOf(dataset, samples[index] ?? 0), version.masks);
}

/** Images behind each other as pictures, with their masks upon them where there are any. */
export function picturesOf(
  pixels: Uint8Array,
  { shape }: Pick<Dataset, 'shape'>,
  label: (index: number) => string,
  masks?: ArrayLike<number> & { subarray(begin: number, end: number): ArrayLike<number> },
): Picture[] {
  const size = imageBytes(shape);
  const each = shape.height * shape.width;
  return Array.from({ length: pixels.length / size }, (_, index) => {
    const own = pixels.subarray(index * size, (index + 1) * size);
    if (masks === undefined) return { ...shape, pixels: own, label: label(index) };
    const mask = masks.subarray(index * each, (index + 1) * each);
    return { ...shape, channels: 3, pixels: overlayMask(own, mask, shape), label: label(index) };
  });
}
