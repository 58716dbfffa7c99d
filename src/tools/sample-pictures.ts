import { renderVersions } from '../../augment/stage/index.js';
import type { Picture } from '../base/picture.js';
import { permutation, RandomStream } from '../base/random.js';
import { type Dataset, imageBytes } from '../contracts/index.js';

/**
 * Samples drawn by the seed, the same number of each class, class after class; a class with fewer gives all it has. Where
 * `count` is below the number of classes, one of each of as many classes. Of several labels an image any samples.
 */
export function drawByClass({ targets, classes, count: all }: Dataset, count: number, seed: number): Uint32Array {
  if (targets.kind !== 'classes') return permutation(all, new RandomStream(seed, 'shuffle', 0)).slice(0, count);
  const members = classes.map((): number[] => []);
  targets.labels.forEach((label, sample) => members[label]?.push(sample));
  const there = [...members.keys()].filter((label) => members[label]?.length !== 0);
  const drawn = permutation(there.length, new RandomStream(seed, 'shuffle', 0))
    .slice(0, count)
    .sort();
  const each = Math.max(1, Math.floor(count / Math.max(1, there.length)));
  const chosen = Array.from(drawn, (place) => {
    const label = there[place] ?? 0;
    const own = members[label] ?? [];
    const order = permutation(own.length, new RandomStream(seed, 'shuffle', 1 + label)).slice(0, each);
    return Array.from(order, (index) => own[index] ?? 0);
  });
  return Uint32Array.from(chosen.flat());
}

/** Names of a sample's classes. */
export function labelOf({ targets, classes }: Dataset, sample: number): string {
  if (targets.kind === 'classes') return classes[targets.labels[sample] ?? -1] ?? '?';
  const own = classes.filter((_, index) => (targets.values[sample * classes.length + index] ?? 0) >= 0.5);
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
