import test from 'ava';
import type { ConfigInput } from '../src/config.js';
import { modelParameters } from '../src/models/index.js';
import { loadNative } from '../src/native/index.js';
import type { OptimizerSpec } from '../src/optimizers/index.js';
import { tf, type LayersModel } from '../src/tf.js';
import { relativeDifference } from './support/engine-run.js';
import { fillInOrder, inMemory, named, withRuntime } from './support/in-memory.js';
import { fashionImages, kerasBatchNormResnet, type KerasCase, kerasFashionCnn } from './support/keras.js';
import { tinyDatasets } from './support/tiny.js';

test.before(async () => {
  await loadNative(); // models are made on its backend
});

const engines = ['compiled', 'eager'] as const;

/** Nothing in it looks at other samples or draws random numbers, so shards must add up to the whole batch. */
function plainModel(): LayersModel {
  const { layers } = tf;
  const kernelRegularizer = tf.regularizers.l2({ l2: 0.01 });
  return tf.sequential({
    layers: [
      layers.conv2d({ name: 'conv', filters: 4, kernelSize: 3, activation: 'relu', inputShape: [8, 8, 1], kernelRegularizer }),
      layers.maxPooling2d({ poolSize: 2 }),
      layers.flatten(),
      layers.dense({ name: 'head', units: 3 }),
    ],
  });
}

/** The reduced gradient of the first `count` samples. */
function gradientOf(config: ConfigInput, count: number): Promise<Map<string, Float32Array>> {
  const options = { datasets: tinyDatasets(), model: plainModel() };
  return withRuntime({ dataset: 'tiny', model: { name: 'plain' }, batchSize: 22, ...config }, options, async (runtime) => {
    const batch = await fillInOrder(runtime, 0, count);
    await runtime.coordinator.step(batch, { batch: 0, step: 0, learningRate: 0, accumulated: 0, update: false });
    return named(runtime, 'reduced');
  });
}

// 22 samples: 6, 6, 5 and 5. 9: 3, 2, 2, 2. 2: one sample each for two of the shards, none for the others.
const counts = [22, 9, 2];

for (const engine of engines) {
  test.serial(`${engine}: shards on 1, 2 and 3 workers have the gradient of one big batch, uneven ones included`, async (t) => {
    for (const count of counts) {
      const whole = await gradientOf({ engine, workers: 1, shards: 1 }, count);
      t.is(whole.size, 4);
      for (const workers of [1, 2, 3]) {
        if (count !== 22 && workers !== 2) continue;
        const parts = await gradientOf({ engine, workers, shards: 4 }, count);
        for (const [name, expected] of whole) {
          const difference = relativeDifference(parts.get(name) as Float32Array, expected);
          t.true(difference < 1e-5, `${count} samples, ${workers} workers, ${name}: ${difference}`);
          t.true(expected.some((value) => value !== 0), `${name} has a gradient`);
        }
      }
    }
  });
}

for (const engine of engines) {
  test.serial(`${engine}: class weights of shards add up too, with shards and batches of weight 0`, async (t) => {
    // The first two samples are of classes 0 and 1: the first of two shards weighs 0 in a batch of two.
    const loss = { name: 'crossEntropy', classWeights: [0, 2, 0.5] } as const;
    for (const count of [22, 2]) {
      const whole = await gradientOf({ engine, workers: 1, shards: 1, loss }, count);
      const parts = await gradientOf({ engine, workers: 2, shards: 4, loss }, count);
      for (const [name, expected] of whole) {
        t.true(expected.every(Number.isFinite), `${name} is finite`);
        const difference = relativeDifference(parts.get(name) as Float32Array, expected);
        t.true(difference < 1e-5, `${count} samples, ${name}: ${difference}`);
      }
    }
    // One sample of class 0: nothing but the regularization, whose gradient is 2 * 0.01 * kernel; biases have none.
    const none = await gradientOf({ engine, workers: 1, shards: 1, loss }, 1);
    t.true(none.get('head/kernel')?.every((value) => value === 0));
    t.true(none.get('conv/bias')?.every((value) => value === 0));
    t.true(none.get('conv/kernel')?.some((value) => value !== 0));
  });
}

const images = fashionImages();

/** Values of a Keras case in the model's order. */
function inOrder(model: LayersModel, values: ReadonlyMap<string, Float32Array>): Float32Array[] {
  return modelParameters(model).map(({ spec }) => {
    const value = values.get(spec.name);
    if (value === undefined) throw new Error(`no value for ${spec.name}`);
    return value;
  });
}

interface Trajectory {
  readonly open: () => Promise<KerasCase>;
  readonly optimizer: OptimizerSpec;
  readonly learningRate: number;
  /** Of the loss of each step, relative; and of the final weights, relative to a tensor's largest. */
  readonly losses: number;
  readonly weights: number;
}

const trajectories: readonly Trajectory[] = [
  { open: kerasFashionCnn, optimizer: { name: 'adam', style: 'keras' }, learningRate: 0.001, losses: 1e-4, weights: 2e-3 },
  { open: kerasBatchNormResnet, optimizer: { name: 'sgd', momentum: 0.9 }, learningRate: 0.05, losses: 1e-3, weights: 1e-2 },
];

for (const engine of engines) {
  for (const { open, optimizer, learningRate, losses, weights } of trajectories) {
    test.serial(`${engine}, ${open.name}: 20 steps through workers, all-reduce and optimizer are Keras's`, async (t) => {
      const keras = await open();
      const { batch, trajectory } = keras.expected;
      // Batch norm works per shard, so Keras's whole batches are one shard; without it two add up.
      const shards = open === kerasFashionCnn ? 2 : 1;
      const config: ConfigInput = {
        dataset: 'fashion', model: { name: 'keras' }, loss: keras.loss, engine, optimizer, learningRate, batchSize: batch, workers: 2, shards,
      };
      const datasets = inMemory(images.pixels, images.labels, 28, 10);
      const options = { datasets, model: keras.model, weights: inOrder(keras.model, keras.initial) };
      await withRuntime(config, options, async (runtime) => {
        for (const [step, expected] of trajectory.entries()) {
          const filled = await fillInOrder(runtime, step * batch, batch);
          const { sums } = await runtime.coordinator.step(filled, { batch: step, step, learningRate, accumulated: 0, update: true });
          const loss = sums.lossSum / sums.weightSum;
          t.true(Math.abs(loss - expected) < losses * expected, `step ${step + 1}: loss ${loss}, Keras ${expected}`);
        }
        const final = named(runtime, 'weights');
        for (const [name, expected] of keras.final) {
          const difference = relativeDifference(final.get(name) as Float32Array, expected);
          t.true(difference < weights, `${name}: ${difference}`);
        }
      });
    });
  }
}
