import type { ConfigInput } from '../../src/config/index.js';

/** A short training that one machine and a cluster must end with the same weights. */
export interface ClusterCase {
  readonly name: string;
  readonly config: ConfigInput;
}

const shapes: ConfigInput = {
  dataset: 'shapes',
  model: { name: 'shapes-cnn' },
  epochs: 1,
  batchSize: 48,
  limit: 200, // the last batch has 8 samples
  testLimit: 100,
  learningRate: 0.02,
  precision: 'float32',
  seed: 7,
};

/** A dense layer of 3,072 inputs and 64 outputs: its factors are smaller than its gradient. */
const wide: ConfigInput = { ...shapes, model: { name: 'mlp', hidden: [64, 32] } };

const normalized: ConfigInput = {
  ...shapes,
  model: {
    name: 'custom',
    layers: [
      { type: 'conv2d', filters: 8, kernelSize: 3, padding: 'same' },
      { type: 'batchNormalization' },
      { type: 'reLU' },
      { type: 'maxPooling2d', poolSize: 4 },
      { type: 'flatten' },
      { type: 'dropout', rate: 0.2 },
      { type: 'dense', units: 'classes' },
    ],
  },
};

const named = (name: string, config: ConfigInput): ClusterCase => ({ name, config });

/** Two cases that between them take most ways that data go: for `npm test`. */
export const fewCases: readonly ClusterCase[] = [
  named('batch normalization, augmentation, mixup, moving average', {
    ...normalized,
    augment: [{ name: 'rotate', degrees: 10 }, { name: 'flip' }],
    mix: { mixup: 0.3 },
    metrics: ['f1', 'auc', 'top-3'],
    optimizer: { name: 'adamw', ema: { decay: 0.9 } },
  }),
  named('factors, accumulation, clipped norm, early stopping', {
    ...wide,
    epochs: 3,
    accumulate: 2,
    sampler: { name: 'balanced' },
    learningRate: 1e-7, // so little that accuracy stays: the first epoch is the best one, the second the last
    optimizer: { name: 'sgd', momentum: 0.9, clipNorm: 0.5 },
    earlyStopping: { patience: 1, monitor: 'test.accuracy' },
  }),
];

/** For `bench/checks/cluster-bits`. */
export const moreCases: readonly ClusterCase[] = [
  named('dropout', shapes),
  named('factors', wide),
  named('factors, LAMB', { ...wide, optimizer: { name: 'lamb' } }),
  named('LAMB', { ...shapes, optimizer: { name: 'lamb' } }),
  named('accumulation', { ...normalized, accumulate: 3, epochs: 2 }),
  named('moving average of weights, Lookahead', {
    ...shapes,
    epochs: 2,
    optimizer: { name: 'adam', ema: { decay: 0.9 }, lookahead: { steps: 3, alpha: 0.5 } },
  }),
  named('batch normalization, CutMix, flipped tests', { ...normalized, mix: { cutmix: 1 }, testTimeFlip: true }),
  named('bfloat16, factors', { ...wide, precision: 'bfloat16', forcePrecision: true }),
  named('bfloat16, batch normalization', { ...normalized, precision: 'bfloat16', forcePrecision: true }),
  named('eager engine', { ...normalized, engine: 'eager', limit: 96 }),
  named('frozen biases', {
    ...shapes,
    optimizer: { name: 'sgd', momentum: 0.9, groups: [{ match: 'bias', freeze: true }] },
  }),
  named('residual network, validation split', {
    ...shapes,
    model: { name: 'cifar-resnet20' },
    limit: 120,
    validationSplit: 0.2,
  }),
];

/**
 * Cases over a run of `shapes-cnn` and a folder of photographs.
 *
 * @param base a run folder.
 * @param photographs an image folder with `train` and `test`.
 */
export function casesOfFiles(base: string, photographs: string): ClusterCase[] {
  const { model: _, ...headed } = shapes;
  const files = { ...shapes, dataset: photographs, imageSize: [32, 32], batchSize: 20 } satisfies ConfigInput;
  const { limit: __, testLimit: ___, ...whole } = files;
  const { epochs: ____, ...phased } = headed;
  return [
    named('frozen features', { ...headed, base: { name: base } }),
    named('phases', {
      ...phased,
      base: { name: base },
      phases: [
        { epochs: 1, augment: [] },
        { epochs: 1, freeze: 'none', learningRate: 0.001, augment: [{ name: 'crop', padding: 4 }] },
      ],
    }),
    named('photographs', whole),
    named('photographs, cut while they are decoded', {
      ...whole,
      augment: [{ name: 'resizedCrop' }, { name: 'flip' }],
    }),
  ];
}
