/** Precision, recall and their kin from counts; a quotient over nothing is 0, as in scikit-learn. */

/** How well one class, or an average over classes, was found. */
export interface ClassScores {
  readonly precision: number;
  readonly recall: number;
  readonly f1: number;
  /** Samples (labels, for multi-label) that truly are of the class. */
  readonly support: number;
}

function quotient(part: number, whole: number): number {
  return whole === 0 ? 0 : part / whole;
}

/** Scores of one class from its counts. */
export function scoresOf(truePositives: number, predicted: number, support: number): ClassScores {
  return {
    precision: quotient(truePositives, predicted),
    recall: quotient(truePositives, support),
    f1: quotient(2 * truePositives, predicted + support),
    support,
  };
}

/** Average of scores with a weight each: ones for `macro`, supports for `weighted`. */
export function averageScores(scores: readonly ClassScores[], weights: readonly number[]): ClassScores {
  const total = weights.reduce((sum, weight) => sum + weight, 0);
  const average = (of: (score: ClassScores) => number): number =>
    quotient(
      scores.reduce((sum, score, i) => sum + of(score) * (weights[i] as number), 0),
      total,
    );
  return {
    precision: average((score) => score.precision),
    recall: average((score) => score.recall),
    f1: average((score) => score.f1),
    support: scores.reduce((sum, score) => sum + score.support, 0),
  };
}

/** What a confusion matrix alone tells. */
export interface ConfusionScores {
  readonly samples: number;
  readonly accuracy: number;
  readonly perClass: readonly ClassScores[];
  readonly macro: ClassScores;
  readonly weighted: ClassScores;
  /** Cohen 1960; NaN when both sides know one class only. */
  readonly cohenKappa: number;
  /** Matthews correlation, several classes (Gorodkin 2004); 0 when one side knows one class only. */
  readonly matthews: number;
}

/** Scores from `confusion[true][predicted]` counts. */
export function confusionScores(confusion: readonly (readonly number[])[]): ConfusionScores {
  const supports = confusion.map((row) => row.reduce((sum, count) => sum + count, 0));
  const predicted = confusion.map((_, k) => confusion.reduce((sum, row) => sum + (row[k] as number), 0));
  const hits = confusion.map((row, k) => row[k] as number);
  const samples = supports.reduce((sum, count) => sum + count, 0);
  const right = hits.reduce((sum, count) => sum + count, 0);
  const dot = (a: readonly number[], b: readonly number[]): number =>
    a.reduce((sum, value, k) => sum + value * (b[k] as number), 0);
  const expected = dot(supports, predicted);
  const spread = Math.sqrt((samples ** 2 - dot(supports, supports)) * (samples ** 2 - dot(predicted, predicted)));
  const perClass = hits.map((count, k) => scoresOf(count, predicted[k] as number, supports[k] as number));
  return {
    samples,
    accuracy: quotient(right, samples),
    perClass,
    macro: averageScores(
      perClass,
      perClass.map(() => 1),
    ),
    weighted: averageScores(perClass, supports),
    cohenKappa: (right * samples - expected) / (samples ** 2 - expected),
    matthews: quotient(right * samples - expected, spread),
  };
}
