import type { EpochRecord } from '../callbacks/index.js';
import type { Dataset } from '../contracts/index.js';
import type { StepOutcome } from '../coordinator/index.js';
import type { TrainSummary } from '../run/index.js';
import type { Runtime } from '../runtime/index.js';
import type { Progress } from './progress.js';

/** When a step began to wait for its data, and to compute, by `performance.now()`. */
export interface StepTimes {
  readonly waited: number;
  readonly started: number;
}

/**
 * Follows a run from outside: it reads and writes elsewhere, and changes nothing. What it does at a step or a batch must be
 * quick; what it does at an epoch's end is waited for.
 */
export interface Watcher {
  /** When everything is open, before the first step; again with each phase. */
  onStart?(runtime: Runtime): void | Promise<void>;
  onStep?(outcome: StepOutcome, times: StepTimes): void;
  onProgress?(progress: Progress): void;
  /** The outputs [count, outputLength] for the split that is evaluated after an epoch, before `onEpochEnd`. */
  onOutputs?(dataset: Dataset, outputs: Float32Array): void;
  onEpochEnd?(record: EpochRecord): void | Promise<void>;
  /** With what the run came to. */
  onEnd?(summary: TrainSummary): void | Promise<void>;
  /** When the run has failed or was stopped, after which nothing is told any more. */
  onFailure?(error: unknown): void | Promise<void>;
}
