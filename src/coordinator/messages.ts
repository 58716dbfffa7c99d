import type { FlatError } from '../base/errors.js';
import type { StepSpec } from '../contracts/index.js';
import type { EngineSource, ShardTask } from '../engine/index.js';
import type { ArenaHandle, RunLayout } from '../memory/index.js';
import type { PassResult, Slice, StepArguments, StepDescription } from '../optimizers/index.js';
import type { SliceTask } from './all-reduce.js';
import type { ShardCount } from './batch-end.js';

/** Given once to every worker of the gradient pool. */
export interface WorkerSetup {
  readonly arena: ArenaHandle;
  readonly layout: RunLayout;
  readonly spec: StepSpec;
  readonly seed: number;
  readonly engine: EngineSource;
  readonly kernel: StepDescription;
  /** Milliseconds for which a worker spins before it sleeps (see `StepBarrier`). */
  readonly spin: number;
}

/** What a worker does once all shards of a batch have their gradients. */
export interface StepShare {
  /** All shards of the batch, each in a task of its own that ends in the step. */
  readonly shards: readonly ShardCount[];
  readonly slice: Slice;
  readonly scratch: number;
  readonly args: Pick<StepArguments, 'step' | 'learningRate' | 'momentum'>;
}

/** All that the main thread can ask of a gradient worker. */
export type WorkerTask =
  /** A shard's gradient, and then a part of the optimizer's step where there is one to do. */
  | { readonly kind: 'gradients'; readonly task: ShardTask; readonly share?: StepShare }
  | { readonly kind: 'evaluate'; readonly task: ShardTask }
  /** What the frozen base makes of a shard. */
  | { readonly kind: 'features'; readonly task: ShardTask }
  /** A slice of the all-reduce and optimizer step, with the scratch block of the arena that is its own. */
  | { readonly kind: 'step'; readonly slice: SliceTask; readonly scratch: number };

/** What comes back; results themselves are in the arena. */
export type WorkerReply =
  | {
      readonly kind: 'done';
      /** Thread that did it, for traces. */
      readonly thread: number;
      /** Milliseconds on the clock of `performance.timeOrigin + performance.now()`. */
      readonly started: number;
      /** Of gradients: before the share of the step. */
      readonly ended: number;
      /** Result of a step slice, or of a share of the step that was not refused. */
      readonly result?: PassResult;
    }
  | { readonly kind: 'failed'; readonly error: FlatError };
