import type { SettledConfig } from '../config/index.js';
import type { Dataset } from '../contracts/index.js';
import { cumulativeWeights, sampleWeights, weightedOrder } from '../data/index.js';

/**
 * What chooses the samples of each epoch, where the configuration asks for another choice than all of them, shuffled.
 *
 * @returns the order of an epoch, a pure function of seed and epoch, and the configuration with the digest of the weights.
 * @throws ConvoyError as `sampleWeights`.
 */
export async function openSampler(
  config: SettledConfig,
  train: Dataset,
): Promise<{ readonly config: SettledConfig; readonly order?: (epoch: number) => Uint32Array }> {
  const { sampler, seed } = config;
  if (sampler.name === 'shuffle') return { config };
  const { weights, sha256 } = await sampleWeights(sampler, train);
  const cumulative = cumulativeWeights(weights);
  const order = (epoch: number): Uint32Array => weightedOrder(seed, epoch, cumulative);
  if (sampler.name !== 'weighted' || sha256 === undefined) return { config, order };
  return { config: { ...config, sampler: { ...sampler, sha256 } }, order };
}
