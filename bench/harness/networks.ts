import type { ConfigInput } from '../../src/config/index.js';
import type { ImageShape } from '../../src/contracts/index.js';
import { availableCores } from '../../src/native/index.js';

/** A network that is measured, as its recipe trains it. */
export interface BenchNetwork {
  readonly name: string;
  readonly image: ImageShape;
  readonly optimizer: 'sgd' | 'adam';
  /** Batch of the comparison with peers. */
  readonly batch: number;
}

const colour = { height: 32, width: 32, channels: 3 } as const;

/** The recipes' networks and the smallest ResNet. */
export const benchNetworks: readonly BenchNetwork[] = [
  { name: 'cifar10-cnn', image: colour, optimizer: 'sgd', batch: 256 },
  { name: 'fashion-mnist-cnn', image: { height: 28, width: 28, channels: 1 }, optimizer: 'adam', batch: 256 },
  { name: 'cifar-resnet20', image: colour, optimizer: 'sgd', batch: 128 },
];

/**
 * Thread settings of convoy, of which the quickest counts, as of the peers': the rule, and one worker with all cores,
 * which small batches prefer.
 */
export function threadSettings(): readonly { readonly name: string; readonly config: Partial<ConfigInput> }[] {
  const cores = availableCores();
  if (cores === 1) return [{ name: 'a worker a core', config: {} }];
  const one = { workers: 1, shards: 1, intraOpThreads: cores };
  return [
    { name: 'a worker a core', config: {} },
    { name: `one worker, ${cores} threads`, config: one },
    { name: `one worker, ${cores} threads, ops one after the other`, config: { ...one, interOpThreads: 1 } },
  ];
}

/** Configuration of steps of a network. */
export function stepConfig({ name, optimizer, batch }: BenchNetwork, options: Partial<ConfigInput> = {}): ConfigInput {
  return {
    model: { name },
    optimizer: optimizer === 'sgd' ? { name: 'sgd', momentum: 0.9 } : { name: 'adam' },
    learningRate: 0.001,
    batchSize: batch,
    ...options,
  };
}
