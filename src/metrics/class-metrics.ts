import { ConvoyError, valueError } from '../base/errors.js';
import { sigmoid } from '../base/sigmoid.js';
import { type RankingScores, type RocCurve, rankingScores, rocCurve } from './curves.js';
import { OutputStore } from './output-store.js';
import { type ConfusionScores, confusionScores } from './scores.js';

/** Options of `createMetrics`. */
export interface MetricsOptions {
  /** Number of classes, at least 2. */
  readonly classes: number;
  /** The k of each top-k accuracy to count; none by default. */
  readonly topK?: readonly number[];
  /** True (default) when outputs are logits, false when they are probabilities. */
  readonly fromLogits?: boolean;
  /** Keep all outputs (4 bytes a class and sample) for ROC curves and average precision; true by default. */
  readonly curves?: boolean;
}

/** Everything known after an evaluation. Plain data. */
export interface MetricsResult extends ConfusionScores {
  readonly classes: number;
  /** Share of samples whose class is among the k highest outputs, by k; of equal outputs the lower class is higher. */
  readonly topK: Readonly<Record<number, number>>;
  /** Counts by [true class][predicted class]. */
  readonly confusion: readonly (readonly number[])[];
  /** Mean of -log p(true class), natural logarithm. */
  readonly logLoss: number;
  /** With `curves`: each class against the rest; the single values are those of class 1 when there are two. */
  readonly ranking?: RankingScores;
}

/** The ROC curve of a class against the rest. */
export interface ClassCurve extends RocCurve {
  readonly classIndex: number;
}

/** Counts of part of an evaluation; structured-cloneable, so that a worker can send it. */
export interface MetricsState {
  readonly confusion: Float64Array;
  readonly topHits: Float64Array;
  readonly logLossSum: number;
  readonly outputs: Float32Array;
  readonly labels: Int32Array;
}

/** Probabilities stay this far from 0 before the logarithm: float32's epsilon, as scikit-learn's `log_loss`. */
const smallestProbability = 2 ** -23;

/** Collects a classifier's outputs batch after batch and computes its metrics. */
export class ClassMetrics {
  readonly #options: Required<MetricsOptions>;
  readonly #confusion: Float64Array;
  readonly #topHits: Float64Array;
  readonly #outputs = new OutputStore();
  readonly #labels: number[] = [];
  #logLossSum = 0;

  constructor(options: MetricsOptions) {
    const { classes, topK = [], fromLogits = true, curves = true } = options;
    if (!Number.isInteger(classes) || classes < 2) throw valueError('classes', 'an integer of 2 or more', classes);
    for (const k of topK) {
      if (!Number.isInteger(k) || k < 1 || k > classes) throw valueError('topK', `integers from 1 to ${classes}`, topK);
    }
    this.#options = { classes, topK, fromLogits, curves };
    this.#confusion = new Float64Array(classes * classes);
    this.#topHits = new Float64Array(topK.length);
  }

  /**
   * Adds a batch; the arrays are read, not kept.
   *
   * @param outputs [n, classes], or [n] for a network with one output and two classes.
   * @param labels class index of each sample.
   * @throws ConvoyError `CONVOY_DIVERGED` when an output is not finite, `CONVOY_DATA` when a label is no class.
   */
  add(outputs: Float32Array, labels: Int32Array, n: number = labels.length): void {
    const { classes, topK, fromLogits, curves } = this.#options;
    const rows = classes === 2 && outputs.length === n ? bothClasses(outputs, fromLogits) : outputs;
    if (rows.length < n * classes || labels.length < n) {
      throw new RangeError(
        `${n} samples need ${n * classes} outputs and ${n} labels, not ${rows.length} and ${labels.length}`,
      );
    }
    for (let i = 0; i < n; i++) {
      const row = rows.subarray(i * classes, (i + 1) * classes);
      const label = labels[i] as number;
      if (!(label >= 0 && label < classes)) {
        throw new ConvoyError('CONVOY_DATA', `Expected labels from 0 to ${classes - 1} but found ${label}`);
      }
      if (!row.every(Number.isFinite)) {
        throw new ConvoyError(
          'CONVOY_DIVERGED',
          `Expected finite outputs but the network gave [${row.slice(0, 8).join(', ')}]`,
        );
      }
      const own = row[label] as number;
      let higher = 0; // classes that rank before the true one
      let best = 0;
      for (let k = 0; k < classes; k++) {
        const value = row[k] as number;
        if (value > own || (value === own && k < label)) higher++;
        if (value > (row[best] as number)) best = k;
      }
      const cell = label * classes + best;
      this.#confusion[cell] = (this.#confusion[cell] as number) + 1;
      topK.forEach((limit, j) => {
        if (higher < limit) this.#topHits[j] = (this.#topHits[j] as number) + 1;
      });
      this.#logLossSum += fromLogits
        ? logSumExp(row) - own
        : -Math.log(Math.min(1 - smallestProbability, Math.max(smallestProbability, own)));
      if (curves) this.#labels.push(label);
    }
    if (curves) this.#outputs.push(rows.subarray(0, n * classes));
  }

  /** The counts so far, to send to another thread. */
  state(): MetricsState {
    return {
      confusion: this.#confusion.slice(),
      topHits: this.#topHits.slice(),
      logLossSum: this.#logLossSum,
      outputs: this.#outputs.values(),
      labels: Int32Array.from(this.#labels),
    };
  }

  /** Adds the counts of another part of the evaluation, made with the same options. */
  merge(part: MetricsState): void {
    part.confusion.forEach((count, i) => (this.#confusion[i] = (this.#confusion[i] as number) + count));
    part.topHits.forEach((count, i) => (this.#topHits[i] = (this.#topHits[i] as number) + count));
    this.#logLossSum += part.logLossSum;
    this.#outputs.push(part.outputs);
    for (const label of part.labels) this.#labels.push(label);
  }

  /** The metrics of everything added and merged. */
  result(): MetricsResult {
    const { classes, topK, curves } = this.#options;
    const confusion = Array.from({ length: classes }, (_, k) => [
      ...this.#confusion.subarray(k * classes, (k + 1) * classes),
    ]);
    const scores = confusionScores(confusion);
    const share = (count: number): number => (scores.samples === 0 ? 0 : count / scores.samples);
    return {
      classes,
      ...scores,
      topK: Object.fromEntries(topK.map((k, i) => [k, share(this.#topHits[i] as number)])),
      confusion,
      logLoss: share(this.#logLossSum),
      ...(curves ? { ranking: this.#ranking() } : {}),
    };
  }

  /**
   * The ROC curve of one class against the rest, on the class's probability.
   *
   * @throws ConvoyError `CONVOY_OPTION` when made with `curves: false` or there is no such class.
   */
  rocCurve(classIndex: number): RocCurve {
    const { classes, curves, fromLogits } = this.#options;
    if (!curves) throw valueError('curves', 'true to have ROC curves', curves);
    if (!Number.isInteger(classIndex) || classIndex < 0 || classIndex >= classes) {
      throw valueError('classIndex', `an integer from 0 to ${classes - 1}`, classIndex);
    }
    const curve = rocCurve(this.#scores(classIndex), this.#positives(classIndex));
    if (!fromLogits) return curve;
    const probabilities = curve.thresholds.map((odds) => (odds === Number.POSITIVE_INFINITY ? odds : sigmoid(odds)));
    return { ...curve, thresholds: probabilities };
  }

  /**
   * The ROC curves that a binary or one-vs-rest evaluation shows: of class 1 where there are two, else of each class; none of
   * a class that no sample or every sample is of.
   *
   * @throws ConvoyError `CONVOY_OPTION` when made with `curves: false`.
   */
  rocCurves(): ClassCurve[] {
    const { classes } = this.#options;
    const shown = classes === 2 ? [1] : Array.from({ length: classes }, (_, k) => k);
    return shown
      .map((classIndex) => ({ classIndex, ...this.rocCurve(classIndex) }))
      .filter(({ area }) => !Number.isNaN(area));
  }

  #ranking(): RankingScores {
    const columns = Array.from({ length: this.#options.classes }, (_, k) => ({
      scores: this.#scores(k),
      positive: this.#positives(k),
    }));
    const ranking = rankingScores(columns);
    if (columns.length !== 2) return ranking;
    const [rocAuc = Number.NaN, precision = Number.NaN] = [
      ranking.rocAucPerClass[1],
      ranking.averagePrecisionPerClass[1],
    ];
    return { ...ranking, rocAuc, averagePrecision: precision };
  }

  #positives(classIndex: number): Uint8Array {
    return Uint8Array.from(this.#labels, (label) => (label === classIndex ? 1 : 0));
  }

  /**
   * One class's score in every sample: its probability, or from logits the logarithm of its odds, which ranks alike but
   * has no ties where softmax saturates.
   */
  #scores(classIndex: number): Float64Array {
    const { classes, fromLogits } = this.#options;
    const outputs = this.#outputs.values();
    const others = new Float32Array(classes - 1);
    return Float64Array.from(this.#labels, (_, i) => {
      const row = outputs.subarray(i * classes, (i + 1) * classes);
      const own = row[classIndex] as number;
      if (!fromLogits) return own;
      others.set(row.subarray(0, classIndex));
      others.set(row.subarray(classIndex + 1), classIndex);
      return own - logSumExp(others);
    });
  }
}

/** Metrics of a classifier with one class per sample; see `ClassMetrics`. */
export function createMetrics(options: MetricsOptions): ClassMetrics {
  return new ClassMetrics(options);
}

function logSumExp(row: Float32Array): number {
  let largest = Number.NEGATIVE_INFINITY;
  for (const value of row) largest = Math.max(largest, value);
  let sum = 0;
  for (const value of row) sum += Math.exp(value - largest);
  return largest + Math.log(sum);
}

/** [n, 2] outputs from the one output of a binary network: softmax of (0, z) is (1 - sigmoid z, sigmoid z). */
function bothClasses(outputs: Float32Array, fromLogits: boolean): Float32Array {
  const rows = new Float32Array(outputs.length * 2);
  outputs.forEach((value, i) => {
    rows[2 * i] = fromLogits ? 0 : 1 - value;
    rows[2 * i + 1] = value;
  });
  return rows;
}
