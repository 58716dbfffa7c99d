import type { FlatError } from '../base/errors.js';
import type { ClusterSum, GatheredMemory } from '../contracts/index.js';

/** What the thread that owns MPI is born with. */
export interface ThreadSetup {
  /** Of the addon. */
  readonly file: string;
  /** One word, changed with each command: the thread naps on it. */
  readonly bell: Int32Array<SharedArrayBuffer>;
  /** Seconds without a sign of life after which a neighbour is given up. */
  readonly timeout: number;
}

/** A sum whose memory the thread has: that of the last `memory` command. */
export type SumWork = Omit<ClusterSum, 'memory'>;

/** What is done with all other ranks, in the order of the commands. */
export type Work =
  | { readonly kind: 'gather'; readonly memories: readonly GatheredMemory[] }
  | { readonly kind: 'broadcast'; readonly bytes: Uint8Array<SharedArrayBuffer> }
  | { readonly kind: 'sum'; readonly sum: SumWork }
  /** Waits for all ranks, then ends MPI and the thread. */
  | { readonly kind: 'end' };

export type Command =
  | { readonly kind: 'work'; readonly id: number; readonly work: Work }
  /** Shared memory that later sums are over. */
  | { readonly kind: 'memory'; readonly memory: WebAssembly.Memory }
  /** Ends all ranks at once, with an exit code. */
  | { readonly kind: 'abort'; readonly code: number };

export type Reply =
  | { readonly kind: 'ready'; readonly rank: number; readonly size: number }
  | { readonly kind: 'done'; readonly id: number; readonly sentBytes: number }
  /** MPI has failed, or a neighbour is silent: nothing can be done with the others any more. */
  | { readonly kind: 'failed'; readonly error: FlatError };
