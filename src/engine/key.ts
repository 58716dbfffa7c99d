import { hash32 } from '../base/random.js';

/**
 * The two int32 words that key all randomness inside one shard's forward pass, a function of (seed, step, shard).
 * The k-th random layer of a model uses [key[0], key[1] + k] for its mask or noise, in both engines.
 */
export function stepKey(seed: number, step: number, shard: number): readonly [number, number] {
  // The second word leaves room for the layer index to be added without overflow.
  return [hash32(seed, 'dropout', step, shard, 0) | 0, (hash32(seed, 'dropout', step, shard, 1) >>> 2) | 0];
}
