/** What a step is given and gives, and the kernel that does it: contract of optimizer, coordinator and workers. */

import type { OptimizerSpec } from './registry.js';
import type { FloatRange, ParameterPlace, Slice } from './spans.js';

/** Byte offsets into the shared memory, multiples of 64; every region is as long as the weights. */
export interface StepRegions {
  readonly weights: number;
  /** One for each shard; in a cluster, for each of this process. */
  readonly gradients: readonly number[];
  /** The whole reduced gradient: needed where `Optimizer.needsReduced` says so, and to accumulate. */
  readonly reduced?: number;
  /** In the order of `Optimizer.stateNames`. */
  readonly states: readonly number[];
  /** `blockFloats` floats for each thread; this thread's. */
  readonly scratch: number;
  /** Floats in each region, a multiple of 16. */
  readonly length: number;
}

/** What one step is given. */
export interface StepArguments {
  /** Counts from 1. */
  readonly step: number;
  readonly learningRate: number;
  /** Instead of the optimizer's momentum, or the first beta of Adam, AdamW and LAMB. */
  readonly momentum?: number | undefined;
  /** Of each shard's gradient; a shard with 0 is not read at all. */
  readonly coefficients: readonly number[];
  /** Coefficient of what `accumulate` has gathered; 0, the default, leaves it unread. */
  readonly carry?: number;
  /**
   * True where `regions.reduced` holds the sum of all shards already, and what was carried, for parameters without units:
   * coefficients are not used then.
   */
  readonly reduced?: boolean;
}

/** What a sum over shards is given. */
export type ReductionArguments = Pick<StepArguments, 'coefficients' | 'carry' | 'reduced'>;

/** What a slice of a pass is given: the step's arguments and what earlier passes measured. Plain data. */
export interface PassArguments extends StepArguments {
  /** For each earlier pass, from `StepKernel.norms`. */
  readonly norms: readonly (readonly number[])[];
}

/** Seconds by phase. */
export interface StepSeconds {
  /** Computing gradients that are made here and not by the shards (see `Prepare`). */
  readonly products: number;
  readonly allReduce: number;
  readonly optimizer: number;
}

/** What a slice of a pass gives back. Plain data. */
export interface PassResult {
  readonly seconds: StepSeconds;
  /** Sums of squares, block after block; empty where the pass measures nothing. */
  readonly sums: readonly number[];
  /** The first tensor of the slice that the pass left with a number that is not finite. */
  readonly notFinite?: string;
}

/** What a whole step gives. */
export interface StepResult {
  readonly seconds: StepSeconds;
  /** Norm of the reduced gradient before clipping, where `clipNorm` had it measured. */
  readonly gradientNorm?: number;
  /** The first tensor that the step left with a number that is not finite: weights, or a state of the optimizer. */
  readonly notFinite?: string;
}

/** Everything a thread needs, besides the memory, to open the same kernel. Plain data. */
export interface StepDescription {
  readonly spec: OptimizerSpec;
  readonly parameters: readonly ParameterPlace[];
  readonly regions: StepRegions;
}

/**
 * Computes the gradient of a unit of a parameter, which begins at a float of the region; returns the byte offset at
 * which it lies until the next is computed.
 */
export type Prepare = (begin: number) => number;

/** One optimizer over one arena: all-reduce and update, in blocks that any thread may do, to the same bits. */
export interface StepKernel {
  /** Blocks of a sweep. */
  readonly blocks: number;
  /** Floats of the region whose gradient is a sum over shards: all that train, but parameters with units. */
  readonly summed: readonly FloatRange[];
  /** Cuts a sweep into 1 to `count` ranges of blocks that threads can do at the same time. */
  slices(count: number): readonly Slice[];
  /** Sweeps of a step: 1, or more where norms are measured before the update. */
  readonly passes: number;
  /** A whole step on this thread. */
  run(args: StepArguments): StepResult;
  /**
   * One slice of one pass; all slices of a pass must end before the next pass begins. `prepare` is needed where
   * parameters have units.
   */
  pass(pass: number, slice: Slice, args: PassArguments, prepare?: Prepare): PassResult;
  /** The norms a pass measured, from the sums of all its blocks in order. */
  norms(pass: number, sums: readonly number[]): readonly number[];
  /** The step's result from what its passes measured, and the first tensor that one of them found not finite. */
  result(seconds: StepSeconds, norms: readonly (readonly number[])[], notFinite?: string): StepResult;
  /** Adds gradients to `regions.reduced`, which counts `carry` times (0: begins anew); a slice, or all blocks. */
  accumulate(args: ReductionArguments, slice?: Slice, prepare?: Prepare): StepSeconds;
  /** For `openStepKernel` on another thread. */
  describe(): StepDescription;
}
