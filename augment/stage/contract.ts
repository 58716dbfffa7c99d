import type { Patience } from '../../src/base/answer-watch.js';
import type { BatchSlot, BatchStage, Dataset } from '../../src/contracts/index.js';
import type { AugmentSpec } from '../spec/index.js';

export interface AugmentStageOptions {
  readonly dataset: Dataset;
  readonly slots: readonly BatchSlot[];
  readonly transforms: AugmentSpec;
  readonly seed: number;
  /** Threads; `auto` measures. */
  readonly workers: number | 'auto';
  /** Samples of a batch, for `auto` and the ring's size; pixels do not depend on it. */
  readonly batchSize: number;
  /** Cores the process may use; all of the machine's by default. */
  readonly cores?: number;
  /** How long a thread is waited for; default: for ever. */
  readonly patience?: Patience;
  /** How many samples between two positions of an epoch will be asked for; default: all. */
  readonly counted?: CountSamples | undefined;
}

/** How many samples from one position of an epoch of `samples` until before another will be asked for. */
export type CountSamples = (samples: number, from: number, until: number) => number;

/** What the stage has done so far. */
interface AugmentStats {
  readonly workers: number;
  /** Samples made. */
  readonly images: number;
  /** Seconds that threads worked, summed over threads. */
  readonly busySeconds: number;
  /** Samples a second of one busy thread. */
  readonly imagesPerSecond: number;
  /** Samples in a window. */
  readonly windowSize: number;
  /** Bytes of the ring of windows. */
  readonly bytes: number;
}

export interface AugmentStage extends BatchStage {
  stats(): AugmentStats;
}
