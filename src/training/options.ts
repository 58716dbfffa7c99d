import type { Callback } from '../callbacks/index.js';
import type { ConfigInput } from '../config/index.js';
import type { Runtime, RuntimeOptions } from '../runtime/index.js';
import type { Trace } from './trace.js';
import type { TrainingState } from './training-state.js';

/** What is known while an epoch is under way. */
export interface Progress {
  /** From 1. */
  readonly epoch: number;
  readonly epochs: number;
  /** Samples done in the epoch, and all of them. */
  readonly done: number;
  readonly total: number;
  readonly loss: number;
  readonly accuracy: number;
  readonly imagesPerSecond: number;
  readonly phase: 'training' | 'evaluating';
}

export interface TrainerOptions extends Omit<RuntimeOptions, 'config'> {
  /** The configuration; missing options have their defaults. Not with `resume`. */
  readonly config?: ConfigInput;
  /** Folder for the run's files; without it nothing is written. */
  readonly out?: string;
  /** Run folder to go on with, from its last checkpoint. */
  readonly resume?: string;
  /** With `resume`: run code that the folder names, the module of its loss. Default: refuse. */
  readonly trustCode?: boolean;
  readonly callbacks?: readonly Callback[];
  readonly onBatch?: (progress: Progress) => void;
  /** Told when everything is open, before the first step. */
  readonly onStart?: (runtime: Runtime, state: Readonly<TrainingState>) => void;
  /** Filled with the timeline of the run; the caller writes it. */
  readonly trace?: Trace;
}
