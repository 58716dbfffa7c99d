import type { StepSpec } from '../contracts/index.js';
import type { ModuleLoss } from '../losses/index.js';
import type { Arena, RunLayout } from '../memory/index.js';
import type { Native } from '../native/index.js';

/** One shard of a batch: which samples of which slot, and where in time (for keyed randomness). */
export interface ShardTask {
  /** Steps since the start of training, from 0. */
  readonly step: number;
  /** Index of the shard: its gradient slot and statistics line. */
  readonly shard: number;
  /** Batch slot that holds the samples. */
  readonly slot: number;
  /** First sample of the shard in the slot. */
  readonly begin: number;
  /** Samples of the shard, at least 1. */
  readonly count: number;
}

/** A part of a gradient that is computed for all shards at once. */
export interface ProductTask {
  /** Place among the layout's factors. */
  readonly factor: number;
  /** First row of the gradient. */
  readonly row: number;
  /** Number of the product slot. */
  readonly scratch: number;
}

/**
 * Computes on one thread. Everything goes through the arena: an engine reads weights and batch slots, and writes the
 * shard's gradient slot, moving statistics slot, statistics line, or the outputs of the batch slot.
 *
 * The gradient is that of sum(w_i l_i) / sum(w_i) over the shard, plus the regularization loss; where the weights sum to
 * 0 (classes of weight 0 only) it is that of the regularization loss alone.
 */
export interface Engine {
  readonly name: 'eager' | 'compiled';
  /** Forward and backward pass of one shard. */
  gradients(task: ShardTask): void;
  /** Inference on one shard: outputs [count, outputLength] into the slot's outputs, loss and correct count into stats. */
  evaluate(task: ShardTask): void;
  /**
   * What a frozen base makes of one shard, into the slot's features; gradients and evaluation begin with those then. Only
   * engines of a model in two parts have it.
   */
  features?(task: ShardTask): void;
  /**
   * Computes a part of a gradient whose factors the shards have left, from all of them and their shares, into a product
   * slot. Only engines of a layout with factors need it.
   */
  product?(task: ProductTask): void;
  /** Releases graphs and tensors. */
  dispose(): void;
}

/** What every engine is made from. */
export interface EngineContext {
  readonly native: Native;
  readonly arena: Arena;
  readonly layout: RunLayout;
  readonly spec: StepSpec;
  readonly seed: number;
  /** The function of the loss `module`. */
  readonly loss?: ModuleLoss;
}
