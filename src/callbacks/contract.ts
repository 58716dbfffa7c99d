import type { MetricName, Monitor } from '../contracts/index.js';

/** Scores over one split: loss, accuracy, and the metrics that the run was asked for. */
export interface SplitScores extends Readonly<Partial<Record<MetricName, number>>> {
  readonly loss: number;
  readonly accuracy: number;
}

/** Where an epoch's time can go. */
export type EpochPart = 'data' | 'gradients' | 'allReduce' | 'optimizer' | 'evaluation';

/** What is known when an epoch has ended; a line of `metrics.jsonl`. */
export interface EpochRecord {
  /** From 1. */
  readonly epoch: number;
  /** Optimizer steps since the beginning of the run. */
  readonly steps: number;
  /** At the epoch's last step. */
  readonly learningRate: number;
  /** Over the epoch's batches as they were trained on. */
  readonly train: SplitScores;
  readonly test?: SplitScores;
  readonly validation?: SplitScores;
  /** Training images by second, evaluation left out. */
  readonly imagesPerSecond: number;
  readonly seconds: number;
  /** Seconds by phase. */
  readonly phases: Readonly<Record<EpochPart, number>>;
}

/** What is known after one optimizer step. */
export interface StepRecord {
  readonly epoch: number;
  /** From 1, since the beginning of the run. */
  readonly step: number;
  readonly learningRate: number;
  readonly loss: number;
  /** Samples of the step's batch. */
  readonly samples: number;
}

/** What a run is, told to callbacks before its first step. */
export interface TrainContext {
  /** Epochs the run will do in all. */
  readonly epochs: number;
  /** Epochs done before; empty unless the run was resumed. */
  readonly history: readonly EpochRecord[];
  /** Metrics of each evaluated split beyond loss and accuracy. */
  readonly metrics?: readonly MetricName[];
}

/** What a callback can make the trainer do. */
export interface Control {
  /** Ends training after the present epoch; the first reason given is the run's. */
  stop(reason: string): void;
  /** Keeps the present weights as those that `restoreBest` brings back, also in a run resumed from a checkpoint. */
  keepBest(): void | Promise<void>;
  /** Sets the weights and moving statistics to those last kept. */
  restoreBest(): void | Promise<void>;
  /** Multiplies the schedule's learning rate from the next step on. */
  setLearningRateScale(scale: number): void;
  /** Writes `checkpoints/NAME.ckpt` of the present state. */
  saveCheckpoint(name: string): Promise<void>;
  /** Removes `checkpoints/NAME.ckpt` if it is there. */
  removeCheckpoint(name: string): Promise<void>;
}

/**
 * Something that follows training. The trainer awaits each method before it goes on, one callback after the other in the
 * order given; an error ends the run. `state` must be JSON; it travels in checkpoints, and `restore` gets it back before
 * `onTrainBegin` of the resumed run.
 */
export interface Callback {
  /** Unique in a run: the state is kept under it. */
  readonly name: string;
  /** True when it decides which weights are the best ones, by `keepBest`; the trainer's own choice then stands back. */
  readonly keepsBest?: boolean;
  /** The value that it was told to follow; a run that does not have it is refused before its first step. */
  readonly monitor?: Monitor;
  onTrainBegin?(context: TrainContext, control: Control): void | Promise<void>;
  onStepEnd?(record: StepRecord, control: Control): void | Promise<void>;
  onEpochEnd?(record: EpochRecord, control: Control): void | Promise<void>;
  /** After the last epoch, also when the run was stopped, but not when it failed. */
  onTrainEnd?(control: Control): void | Promise<void>;
  state?(): unknown;
  restore?(state: unknown): void;
}
