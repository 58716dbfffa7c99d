import { refuseNaN } from '../finite.js';

/**
 * Exact area under the ROC curve of many scores, with ties: the share of pairs of a positive and a negative that are in order,
 * half of those that are equal (Mann and Whitney). As scikit-learn's `roc_auc_score`. Keeps no curve, so that it serves for
 * all pixels of a test set.
 *
 * @param scores [n], higher means more positive.
 * @param positive [n], 0 for a negative.
 * @returns 0 to 1; NaN without a positive or without a negative.
 * @throws ConvoyError `CONVOY_DIVERGED` for scores that are NaN.
 */
export function areaUnderRoc(scores: Float32Array | Float64Array, positive: ArrayLike<number>): number {
  refuseNaN(scores, 'samples');
  const positives = scores.filter((_, i) => positive[i] !== 0).sort();
  const negatives = scores.filter((_, i) => positive[i] === 0).sort();
  let [below, upTo, pairs] = [0, 0, 0];
  for (const score of positives) {
    while (below < negatives.length && (negatives[below] as number) < score) below++;
    while (upTo < negatives.length && (negatives[upTo] as number) <= score) upTo++;
    pairs += below + upTo;
  }
  return pairs / 2 / positives.length / negatives.length;
}
