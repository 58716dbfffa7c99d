import { valueError } from '../base/errors.js';
import { permutation, RandomStream } from '../base/random.js';

/**
 * The order in which an epoch visits `count` samples: a uniform permutation that depends on (seed, epoch) alone, or
 * 0, 1, 2... when `shuffle` is false.
 */
export function epochOrder(seed: number, epoch: number, count: number, shuffle = true): Uint32Array {
  if (shuffle) return permutation(count, new RandomStream(seed, 'shuffle', epoch));
  return Uint32Array.from({ length: count }, (_, index) => index);
}

/**
 * Running sums of sample weights, from which `weightedOrder` draws.
 *
 * @param weights numbers of at least 0, one above 0.
 */
export function cumulativeWeights(weights: ArrayLike<number>): Float64Array {
  let sum = 0;
  return Float64Array.from(weights, (weight) => (sum += weight));
}

/**
 * The order of an epoch that draws each of its samples anew, with replacement: sample i with the probability of its weight
 * among all. As many draws as samples; a pure function of (seed, epoch, weights). PyTorch's `WeightedRandomSampler`.
 *
 * @param cumulative of `cumulativeWeights`.
 */
export function weightedOrder(seed: number, epoch: number, cumulative: Float64Array): Uint32Array {
  const random = new RandomStream(seed, 'sample', epoch);
  const total = cumulative.at(-1) ?? 0;
  // Where the product rounds up to the total, this is the last sample that has a weight.
  const last = cumulative.indexOf(total);
  return Uint32Array.from(cumulative, () => Math.min(last, firstAbove(cumulative, random.uniform() * total)));
}

/** Place of the first sum above a value. */
function firstAbove(sums: Float64Array, value: number): number {
  let [low, high] = [0, sums.length];
  while (low < high) {
    const middle = (low + high) >>> 1;
    if ((sums[middle] as number) > value) high = middle;
    else low = middle + 1;
  }
  return low;
}

/** One batch of an epoch's order. */
export interface BatchSamples {
  /** Position of the first sample in the order. */
  readonly position: number;
  /** Sample indices, a view into the order. */
  readonly samples: Uint32Array;
}

/**
 * Cuts an order into batches of `batchSize`, the last one smaller when it does not divide; every sample is in exactly
 * one. `from` is the position to begin at: a resumed run continues where it stopped.
 *
 * @throws ConvoyError `CONVOY_OPTION` when `batchSize` is not a positive integer.
 */
export function* batches(order: Uint32Array, batchSize: number, from = 0): Generator<BatchSamples, void, undefined> {
  if (!Number.isInteger(batchSize) || batchSize < 1) throw valueError('batchSize', 'a positive integer', batchSize);
  for (let position = from; position < order.length; position += batchSize) {
    yield { position, samples: order.subarray(position, Math.min(position + batchSize, order.length)) };
  }
}

/** A contiguous part of a batch: samples `begin` to `end` - 1. */
export interface ShardRange {
  readonly begin: number;
  readonly end: number;
}

/**
 * Cuts a batch of `batchCount` samples into `shardCount` contiguous shards whose sizes differ by at most one, larger
 * ones first; with more shards than samples the last ones are empty.
 */
export function shards(batchCount: number, shardCount: number): ShardRange[] {
  const size = Math.floor(batchCount / shardCount);
  const larger = batchCount % shardCount;
  const start = (shard: number): number => shard * size + Math.min(shard, larger);
  return Array.from({ length: shardCount }, (_, shard) => ({ begin: start(shard), end: start(shard + 1) }));
}
