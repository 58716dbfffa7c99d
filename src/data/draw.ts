import { permutation, RandomStream } from '../base/random.js';
import type { Dataset } from '../contracts/index.js';

/**
 * Draws `count` samples for a picture or a figure, the same number of each class: one that has fewer gives all it has, and
 * the others share the rest. Which ones depends on `seed` alone, whatever order the dataset's files are in. The samples
 * come in turn from each class, in the order of the classes, so that any first N of them are as balanced. Of a dataset of
 * several labels a sample they are drawn from all.
 *
 * @returns sample indices; all of them where there are no more than `count`.
 */
export function drawByClass({ targets, count: all, classes }: Dataset, count: number, seed: number): Uint32Array {
  const most = Math.min(count, all);
  if (targets.kind !== 'classes') return permutation(all, new RandomStream(seed, 'draw')).slice(0, most);
  const members: number[][] = classes.map(() => []);
  for (let sample = 0; sample < all; sample++) members[targets.labels[sample] as number]?.push(sample);
  const orders = members.map((samples, label) => {
    const order = permutation(samples.length, new RandomStream(seed, 'draw', label));
    return Array.from(order, (place) => samples[place] as number);
  });
  const drawn: number[] = [];
  for (let rank = 0; drawn.length < most && rank < all; rank++) {
    for (const order of orders) {
      const sample = order[rank];
      if (sample !== undefined && drawn.length < most) drawn.push(sample);
    }
  }
  return Uint32Array.from(drawn);
}
