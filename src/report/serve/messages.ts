import type { LiveStatus, RunReport } from '../types.js';

/** What a process is asked that computes what a page shows of a run, and its answer. */
export interface ToGather {
  readonly folder: string;
  readonly name: string;
  readonly dataDir?: string | undefined;
}
export type FromGather =
  | { readonly kind: 'gathered'; readonly report: RunReport }
  | { readonly kind: 'failed'; readonly message: string };

/** What a training tells the thread that serves its page. */
export type ToServer =
  | { readonly kind: 'status'; readonly status: LiveStatus }
  | { readonly kind: 'add'; readonly more: Partial<RunReport> }
  | { readonly kind: 'close' };

/** What that thread answers. */
export type FromServer =
  | { readonly kind: 'listening'; readonly url: string }
  | { readonly kind: 'failed'; readonly message: string }
  | { readonly kind: 'stop' }
  | { readonly kind: 'closed' };

export interface ServerSetup {
  readonly root: string;
  readonly name: string;
  readonly version: string;
  readonly port?: number | undefined;
}
