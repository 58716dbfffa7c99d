import { renderVersions } from '../../augment/stage/index.js';
import type { Picture } from '../base/picture.js';
import { boxLength, classesOf, type Dataset, imageBytes, objectsOf } from '../contracts/index.js';
import { overlayMask } from '../masks/index.js';
import { objectPicture } from './box-pictures.js';

/** Names of a sample's classes. */
export function labelOf(dataset: Dataset, sample: number): string {
  if (dataset.targets.kind === 'pixels') return `${sample}`;
  // Every mask shows the ground.
  const shown = classesOf(dataset, sample).filter((label) => label > 0 || dataset.targets.kind !== 'masks');
  const own = shown.map((label) => dataset.classes[label] ?? '?');
  return own.join(', ') || 'none';
}

/** Samples as pictures with their classes below. */
export async function samplePictures(dataset: Dataset, samples: Uint32Array): Promise<Picture[]> {
  const [version] = await renderVersions(samples, { dataset, seed: 0, transforms: [], versions: 0 });
  return version === undefined
    ? []
    : picturesOf(version.pixels, dataset, (index) => labelOf(dataset, samples[index] ?? 0), version);
}

/** What is drawn upon images that lie behind each other. */
interface DrawnUpon {
  readonly masks?: ArrayLike<number> & { subarray(begin: number, end: number): ArrayLike<number> };
  /** [images, rows, 6] */
  readonly boxes?: Float32Array;
}

/** Images behind each other as pictures, with their masks or boxes upon them where there are any. */
export function picturesOf(
  pixels: Uint8Array,
  { shape }: Pick<Dataset, 'shape'>,
  label: (index: number) => string,
  { masks, boxes }: DrawnUpon = {},
): Picture[] {
  const size = imageBytes(shape);
  const each = shape.height * shape.width;
  const count = pixels.length / size;
  return Array.from({ length: count }, (_, index) => {
    const own = pixels.subarray(index * size, (index + 1) * size);
    if (boxes !== undefined) {
      const objects = objectsOf({ boxes, capacity: boxes.length / count / boxLength }, index);
      return { ...shape, channels: 3, pixels: objectPicture(own, shape, objects), label: label(index) };
    }
    if (masks === undefined) return { ...shape, pixels: own, label: label(index) };
    const mask = masks.subarray(index * each, (index + 1) * each);
    return { ...shape, channels: 3, pixels: overlayMask(own, mask, shape), label: label(index) };
  });
}
