import type { SliceTask } from '../src/all-reduce.js';
import type { StepSpec } from '../src/contracts/index.js';
import type { EngineSource, ShardTask } from '../src/engine/index.js';
import type { FlatError } from '../src/errors.js';
import type { ArenaHandle, RunLayout } from '../src/memory/index.js';
import type { PassResult, StepDescription } from '../src/optimizers/index.js';

/** Given once to every worker of the gradient pool. */
export interface WorkerSetup {
  readonly arena: ArenaHandle;
  readonly layout: RunLayout;
  readonly spec: StepSpec;
  readonly seed: number;
  readonly engine: EngineSource;
  readonly kernel: StepDescription;
}

/** All that the main thread can ask of a gradient worker. */
export type WorkerTask =
  | { readonly kind: 'gradients'; readonly task: ShardTask }
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
      readonly ended: number;
      /** Result of a step slice. */
      readonly result?: PassResult;
    }
  | { readonly kind: 'failed'; readonly error: FlatError };
