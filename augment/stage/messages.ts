/** Everything that crosses between the augmentation stage and its workers. */

import type { FlatError } from '../../src/base/errors.js';
import type { Dataset } from '../../src/contracts/index.js';
import type { AugmentSpec } from '../spec/index.js';

/** What every worker of a pool is born with. */
export interface StageSetup {
  readonly dataset: Dataset;
  readonly transforms: AugmentSpec;
  readonly seed: number;
}

/** A window to fill. */
interface RenderTask {
  readonly kind: 'render';
  readonly epoch: number;
  readonly window: number;
  /** Samples of the window, in order. */
  readonly samples: Uint32Array;
  /** Where their pixels go, behind each other. */
  readonly pixels: Uint8Array<SharedArrayBuffer>;
  /** Where their masks go, of a dataset that has masks. */
  readonly masks?: Uint8Array<SharedArrayBuffer>;
  /** Where their boxes go, of a dataset that has boxes. */
  readonly boxes?: Float32Array<SharedArrayBuffer>;
}

/** Samples to decode only to see whether they can be. */
interface ScanTask {
  readonly kind: 'scan';
  readonly samples: Uint32Array;
}

export type StageTask = RenderTask | ScanTask;

/** An image that cannot be used. */
export interface UnusableSample {
  readonly sample: number;
  /** Path below the dataset's root, and the first byte in a file of many images. */
  readonly file: string;
  readonly reason: string;
}

export type StageReply =
  | { readonly kind: 'rendered'; readonly seconds: number }
  | { readonly kind: 'scanned'; readonly bad: readonly UnusableSample[] }
  /** An error that doing the task again would meet again. */
  | { readonly kind: 'failed'; readonly error: FlatError };
