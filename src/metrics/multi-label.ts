import { ConvoyError, valueError } from '../base/errors.js';
import { type RankingScores, rankingScores } from './curves.js';
import { OutputStore } from './output-store.js';
import { averageScores, type ClassScores, scoresOf } from './scores.js';

/** Options of `createMultiLabelMetrics`. */
export interface MultiLabelOptions {
  /** Number of labels. */
  readonly classes: number;
  /** A label is predicted when its probability is above this; 0.5 by default. */
  readonly threshold?: number;
  /** True (default) when outputs are logits of a sigmoid, false when they are probabilities. */
  readonly fromLogits?: boolean;
}

/** Metrics where a sample has any number of labels. Plain data; scores of nothing are 0, as in scikit-learn. */
export interface MultiLabelResult {
  readonly samples: number;
  readonly classes: number;
  /** Share of samples whose labels are all right. */
  readonly subsetAccuracy: number;
  /** Share of single labels that are right: one minus the Hamming loss. */
  readonly labelAccuracy: number;
  readonly labelAccuracyPerClass: readonly number[];
  readonly perClass: readonly ClassScores[];
  /** Over all labels of all samples at once. */
  readonly micro: ClassScores;
  readonly macro: ClassScores;
  readonly weighted: ClassScores;
  /** Mean over samples of the scores of each sample's set of labels. */
  readonly perSample: ClassScores;
  /** `averagePrecision` is the mean over labels (mAP). */
  readonly ranking: RankingScores;
}

/** All outputs and targets of part of an evaluation; structured-cloneable. */
export interface MultiLabelState {
  readonly outputs: Float32Array;
  readonly targets: Float32Array;
}

/** Collects outputs [n, classes] and targets (0 or 1) of the same shape. */
export class MultiLabelMetrics {
  readonly #classes: number;
  readonly #cut: number;
  readonly #outputs = new OutputStore();
  readonly #targets = new OutputStore();

  constructor(options: MultiLabelOptions) {
    const { classes, threshold = 0.5, fromLogits = true } = options;
    if (!Number.isInteger(classes) || classes < 1) throw valueError('classes', 'an integer of 1 or more', classes);
    if (!(threshold > 0 && threshold < 1)) throw valueError('threshold', 'a number between 0 and 1', threshold);
    this.#classes = classes;
    this.#cut = fromLogits ? Math.log(threshold / (1 - threshold)) : threshold;
  }

  /**
   * Adds a batch; the arrays are copied. A target counts as set when it is 0.5 or more.
   *
   * @throws ConvoyError `CONVOY_DIVERGED` when an output is not finite.
   */
  add(outputs: Float32Array, targets: Float32Array, n: number): void {
    const length = n * this.#classes;
    if (outputs.length < length || targets.length < length) {
      throw new RangeError(
        `${n} samples need ${length} values, not ${outputs.length} outputs and ${targets.length} targets`,
      );
    }
    const given = outputs.subarray(0, length);
    const place = given.findIndex((value) => !Number.isFinite(value));
    if (place >= 0)
      throw new ConvoyError('CONVOY_DIVERGED', `Expected finite outputs but the network gave ${given[place]}`);
    this.#outputs.push(given);
    this.#targets.push(targets.subarray(0, length));
  }

  /** Everything added so far, to send to another thread. */
  state(): MultiLabelState {
    return { outputs: this.#outputs.values(), targets: this.#targets.values() };
  }

  /** Adds another part of the evaluation, made with the same options. */
  merge(part: MultiLabelState): void {
    this.#outputs.push(part.outputs);
    this.#targets.push(part.targets);
  }

  /** The metrics of everything added and merged. */
  result(): MultiLabelResult {
    const classes = this.#classes;
    const outputs = this.#outputs.values();
    const targets = this.#targets.values();
    const samples = outputs.length / classes;
    const byClass = Array.from({ length: classes }, () => new Counts());
    const perSample: ClassScores[] = [];
    let exact = 0;
    for (let i = 0; i < samples; i++) {
      const own = new Counts();
      for (let k = 0; k < classes; k++) {
        const predicted = (outputs[i * classes + k] as number) > this.#cut;
        const truth = (targets[i * classes + k] as number) >= 0.5;
        own.add(predicted, truth);
        byClass[k]?.add(predicted, truth);
      }
      if (own.right === classes) exact++;
      perSample.push(own.scores());
    }
    const columns = Array.from({ length: classes }, (_, k) => ({
      scores: Float64Array.from({ length: samples }, (_, i) => outputs[i * classes + k] as number),
      positive: Uint8Array.from({ length: samples }, (_, i) => ((targets[i * classes + k] as number) >= 0.5 ? 1 : 0)),
    }));
    const perClass = byClass.map((counts) => counts.scores());
    const supports = perClass.map((score) => score.support);
    const sum = (of: (counts: Counts) => number): number => byClass.reduce((total, counts) => total + of(counts), 0);
    const micro = scoresOf(
      sum((c) => c.hits),
      sum((c) => c.predicted),
      sum((c) => c.support),
    );
    return {
      samples,
      classes,
      subsetAccuracy: samples === 0 ? 0 : exact / samples,
      labelAccuracy: samples === 0 ? 0 : sum((c) => c.right) / (samples * classes),
      labelAccuracyPerClass: byClass.map((counts) => (samples === 0 ? 0 : counts.right / samples)),
      perClass,
      micro,
      macro: averageScores(
        perClass,
        supports.map(() => 1),
      ),
      weighted: averageScores(perClass, supports),
      perSample: averageScores(
        perSample,
        perSample.map(() => 1),
      ),
      ranking: rankingScores(columns),
    };
  }
}

/** Counts of yes and no decisions. */
class Counts {
  hits = 0;
  predicted = 0;
  support = 0;
  right = 0;

  add(predicted: boolean, truth: boolean): void {
    if (predicted) this.predicted++;
    if (truth) this.support++;
    if (predicted && truth) this.hits++;
    if (predicted === truth) this.right++;
  }

  scores(): ClassScores {
    return scoresOf(this.hits, this.predicted, this.support);
  }
}

/** Metrics of multi-label targets; see `MultiLabelMetrics`. */
export function createMultiLabelMetrics(options: MultiLabelOptions): MultiLabelMetrics {
  return new MultiLabelMetrics(options);
}
