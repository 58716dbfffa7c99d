import type { EpochPart, SplitScores } from '../callbacks/index.js';
import type { Sums } from '../coordinator/index.js';

/** What an epoch under way has added up; plain numbers, so that a checkpoint holds it exactly. */
export interface MeterState {
  readonly lossSum: number;
  readonly weightSum: number;
  readonly correct: number;
  readonly count: number;
  readonly regularizationSum: number;
  readonly batches: number;
  readonly seconds: number;
  readonly phases: Readonly<Record<EpochPart, number>>;
}

const empty: MeterState = {
  lossSum: 0,
  weightSum: 0,
  correct: 0,
  count: 0,
  regularizationSum: 0,
  batches: 0,
  seconds: 0,
  phases: { data: 0, gradients: 0, allReduce: 0, optimizer: 0, evaluation: 0 },
};

/** Mean loss of samples; 0 where all of them weigh 0. */
export function meanLoss({ lossSum, weightSum }: Pick<Sums, 'lossSum' | 'weightSum'>): number {
  return weightSum === 0 ? 0 : lossSum / weightSum;
}

/** Adds up loss, accuracy and seconds of an epoch. */
export class EpochMeter {
  #state: MeterState;
  #since = performance.now();

  constructor(state: MeterState = empty) {
    this.#state = state;
  }

  /** Adds a batch's sums. */
  add(sums: Sums): void {
    const { lossSum, weightSum, correct, count, regularizationSum, batches } = this.#state;
    this.#state = {
      ...this.#state,
      lossSum: lossSum + sums.lossSum,
      weightSum: weightSum + sums.weightSum,
      correct: correct + sums.correct,
      count: count + sums.count,
      regularizationSum: regularizationSum + sums.regularization,
      batches: batches + 1,
    };
  }

  /** Adds seconds to phases. */
  spend(seconds: Partial<Record<EpochPart, number>>): void {
    const phases = { ...this.#state.phases };
    for (const [phase, value] of Object.entries(seconds) as [EpochPart, number][]) phases[phase] += value;
    this.#state = { ...this.#state, phases };
  }

  /** Running loss and accuracy. */
  get scores(): SplitScores {
    const { correct, count, regularizationSum, batches } = this.#state;
    return {
      loss: meanLoss(this.#state) + regularizationSum / Math.max(1, batches),
      accuracy: correct / count,
    };
  }

  /** Everything so far, with the seconds since the meter was made. */
  get state(): MeterState {
    return { ...this.#state, seconds: this.#state.seconds + (performance.now() - this.#since) / 1000 };
  }

  /** Samples by second, evaluation left out. */
  get imagesPerSecond(): number {
    const { count, seconds, phases } = this.state;
    return count / Math.max(1e-9, seconds - phases.evaluation);
  }
}
