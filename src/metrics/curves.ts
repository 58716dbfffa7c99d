/** Curves over a threshold on one score: ROC, its area, average precision; definitions and ties as in scikit-learn. */

/** Samples sorted by falling score and counted at every distinct score. */
interface Thresholds {
  /** Distinct scores, falling. */
  readonly scores: number[];
  /** Positives and negatives with at least that score. */
  readonly truePositives: number[];
  readonly falsePositives: number[];
}

function countByThreshold(scores: Float64Array, positive: Uint8Array): Thresholds {
  const order = Uint32Array.from(scores, (_, i) => i);
  order.sort((a, b) => (scores[b] as number) - (scores[a] as number));
  const result: Thresholds = { scores: [], truePositives: [], falsePositives: [] };
  let trues = 0;
  for (let i = 0; i < order.length; i++) {
    const sample = order[i] as number;
    trues += positive[sample] as number;
    const next = order[i + 1];
    if (next !== undefined && scores[next] === scores[sample]) continue;
    result.scores.push(scores[sample] as number);
    result.truePositives.push(trues);
    result.falsePositives.push(i + 1 - trues);
  }
  return result;
}

/** A receiver operating characteristic. */
export interface RocCurve {
  readonly falsePositiveRate: readonly number[];
  readonly truePositiveRate: readonly number[];
  /** A sample is positive when its score is at least this; the first is Infinity. */
  readonly thresholds: readonly number[];
  /** Area under the curve (trapezoids); NaN when there is no positive or no negative sample. */
  readonly area: number;
}

/**
 * The ROC curve, as scikit-learn's `roc_curve`: from (0, 0), one point per distinct score.
 *
 * @param scores one score per sample, higher means more positive.
 * @param positive 1 where the sample is positive, else 0.
 * @param everyThreshold true keeps points that lie on a straight line between others (`drop_intermediate=False`).
 */
export function rocCurve(scores: Float64Array, positive: Uint8Array, everyThreshold = false): RocCurve {
  const { scores: at, truePositives, falsePositives } = countByThreshold(scores, positive);
  const last = at.length - 1;
  const bends = (counts: readonly number[], i: number): boolean =>
    (counts[i + 1] as number) - 2 * (counts[i] as number) + (counts[i - 1] as number) !== 0;
  const kept = [...at.keys()].filter(
    (i) => everyThreshold || i === 0 || i === last || bends(truePositives, i) || bends(falsePositives, i),
  );
  const positives = truePositives[last] ?? 0;
  const negatives = falsePositives[last] ?? 0;
  const falsePositiveRate = [0];
  const truePositiveRate = [0];
  const thresholds = [Number.POSITIVE_INFINITY];
  let area = 0;
  for (const i of kept) {
    const x = (falsePositives[i] as number) / negatives;
    const y = (truePositives[i] as number) / positives;
    area += ((x - (falsePositiveRate.at(-1) as number)) * (y + (truePositiveRate.at(-1) as number))) / 2;
    falsePositiveRate.push(x);
    truePositiveRate.push(y);
    thresholds.push(at[i] as number);
  }
  return { falsePositiveRate, truePositiveRate, thresholds, area: positives && negatives ? area : Number.NaN };
}

/**
 * sum_n (R_n - R_{n-1}) P_n over distinct scores, as scikit-learn's `average_precision_score` (no interpolation); NaN
 * without a positive sample.
 */
export function averagePrecision(scores: Float64Array, positive: Uint8Array): number {
  const { truePositives, falsePositives } = countByThreshold(scores, positive);
  const positives = truePositives.at(-1) ?? 0;
  if (positives === 0) return Number.NaN;
  let sum = 0;
  let before = 0;
  truePositives.forEach((trues, i) => {
    sum += ((trues - before) / positives) * (trues / (trues + (falsePositives[i] as number)));
    before = trues;
  });
  return sum;
}

/** Scores that need every output, one column (class or label) at a time. Plain data. */
export interface RankingScores {
  /** Mean over the columns that have both positives and negatives. */
  readonly rocAuc: number;
  /** Mean over the columns that have positives. */
  readonly averagePrecision: number;
  /** By column; NaN where there is none. */
  readonly rocAucPerClass: readonly number[];
  readonly averagePrecisionPerClass: readonly number[];
}

/** Area under the ROC curve and average precision of each column and their means. */
export function rankingScores(columns: readonly { scores: Float64Array; positive: Uint8Array }[]): RankingScores {
  const rocAucPerClass = columns.map(({ scores, positive }) => rocCurve(scores, positive).area);
  const averagePrecisionPerClass = columns.map(({ scores, positive }) => averagePrecision(scores, positive));
  return {
    rocAuc: definedMean(rocAucPerClass),
    averagePrecision: definedMean(averagePrecisionPerClass),
    rocAucPerClass,
    averagePrecisionPerClass,
  };
}

/** Mean of the values that are numbers; NaN when none is. */
function definedMean(values: readonly number[]): number {
  const defined = values.filter((value) => !Number.isNaN(value));
  return defined.reduce((sum, value) => sum + value, 0) / defined.length;
}
