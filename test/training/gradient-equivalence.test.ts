import test, { type ExecutionContext } from 'ava';
import { type LayersModel, tf } from '../../src/base/tf.js';
import type { ConfigInput } from '../../src/config/config.js';
import { modelParameters } from '../../src/models/index.js';
import { loadNative } from '../../src/native/index.js';
import { relativeDifference } from '../support/engine-run.js';
import { fillInOrder, inMemory, named, withRuntime } from '../support/in-memory.js';
import { fashionImages, type KerasCase, kerasBatchNormResnet, kerasFashionCnn } from '../support/keras.js';
import { tinyDatasets } from '../support/tiny-data.js';

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
      layers.conv2d({
        name: 'conv',
        filters: 4,
        kernelSize: 3,
        activation: 'relu',
        inputShape: [8, 8, 1],
        kernelRegularizer,
      }),
      layers.maxPooling2d({ poolSize: 2 }),
      layers.flatten(),
      layers.dense({ name: 'head', units: 3 }),
    ],
  });
}

/** The reduced gradients of the first `count` samples, for each count. */
function gradientsOf(config: ConfigInput, counts: readonly number[]): Promise<Map<string, Float32Array>[]> {
  const options = { datasets: tinyDatasets(), model: plainModel() };
  return withRuntime(
    { dataset: 'tiny', model: { name: 'plain' }, batchSize: 22, ...config },
    options,
    async (runtime) => {
      const gradients: Map<string, Float32Array>[] = [];
      for (const count of counts) {
        const batch = await fillInOrder(runtime, 0, count);
        await runtime.coordinator.step(batch, { batch: 0, step: 0, learningRate: 0, accumulated: 0, update: false });
        gradients.push(named(runtime, 'reduced'));
      }
      return gradients;
    },
  );
}

/** Asserts that every tensor is within 1e-5 of the expected one's largest element. */
function assertEqual(
  t: ExecutionContext,
  what: string,
  actual: Map<string, Float32Array>[],
  expected: Map<string, Float32Array>[],
): void {
  for (const [index, tensors] of expected.entries()) {
    for (const [name, values] of tensors) {
      t.true(values.every(Number.isFinite), `${name} is finite`);
      const difference = relativeDifference(actual[index]?.get(name) as Float32Array, values);
      t.true(difference < 1e-5, `${what}, batch ${index}, ${name}: ${difference}`);
    }
  }
}

// A worker of the eager engine takes a second to load tfjs.
for (const [engine, pools] of [
  ['compiled', [1, 2, 3]],
  ['eager', [1, 3]],
] as const) {
  test.serial(
    `${engine}: shards on ${pools.join(', ')} workers have the gradient of one big batch, uneven ones included`,
    async (t) => {
      // Of four shards: 6, 6, 5 and 5; 3, 2, 2 and 2; one sample each for two of them, none for the others.
      const counts = [22, 9, 2];
      const whole = await gradientsOf({ engine, workers: 1, shards: 1 }, counts);
      for (const values of whole[0]?.values() ?? []) t.true(values.some((value) => value !== 0));
      t.is(whole[0]?.size, 4);
      for (const workers of pools) {
        assertEqual(t, `${workers} workers`, await gradientsOf({ engine, workers, shards: 4 }, counts), whole);
      }
    },
  );
}

for (const engine of engines) {
  test.serial(`${engine}: class weights of shards add up too, with shards and batches of weight 0`, async (t) => {
    const loss: ConfigInput['loss'] = { name: 'crossEntropy', classWeights: [0, 2, 0.5] };
    // Samples 0 and 1 are of classes 0 and 1: in a batch of two the first shard weighs 0, in a batch of one the batch.
    const counts = [22, 2, 1];
    const whole = await gradientsOf({ engine, workers: 1, shards: 1, loss }, counts);
    assertEqual(t, '4 shards', await gradientsOf({ engine, workers: 2, shards: 4, loss }, counts), whole);
    const none = whole[2];
    // Nothing is left but the regularization, which only the convolution's kernel has.
    t.true(none?.get('head/kernel')?.every((value) => value === 0));
    t.true(none?.get('conv/bias')?.every((value) => value === 0));
    t.true(none?.get('conv/kernel')?.some((value) => value !== 0));
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
  readonly config: ConfigInput & { readonly learningRate: number };
  /** Largest relative difference of the losses of the first `early` steps, and of all. */
  readonly early: number;
  readonly firstLosses: number;
  readonly losses: number;
  /** Largest distance of the final weights, as a share of the distance they moved. */
  readonly movement: number;
}

/**
 * Rounding grows from step to step, so the bounds are about twice what Keras's own run in float64 is away from its
 * recorded one in float32. Adam on the CNN: losses 3e-6 in the first 8 steps and 3e-4 in all, weights 0.4% of their
 * way. SGD on the residual network, which has a ReLU input of 1e-6 in its first batch: 9e-5 in the first 6 steps and
 * 1e-2 in all, 6.3% of the way. PyTorch's epsilon instead of Keras's would be seen in the first steps.
 */
const trajectories: readonly Trajectory[] = [
  {
    open: kerasFashionCnn,
    // Without anything that works per shard, two shards are Keras's whole batch.
    config: {
      loss: { name: 'crossEntropy', fromLogits: false },
      optimizer: { name: 'adam', style: 'keras' },
      learningRate: 0.001,
      shards: 2,
    },
    early: 8,
    firstLosses: 1e-5,
    losses: 1e-3,
    movement: 0.01,
  },
  {
    open: kerasBatchNormResnet,
    config: { optimizer: { name: 'sgd', momentum: 0.9 }, learningRate: 0.05, shards: 1 },
    early: 6,
    firstLosses: 2e-4,
    losses: 2e-2,
    movement: 0.13,
  },
];

for (const engine of engines) {
  for (const { open, config, early, firstLosses, losses, movement } of trajectories) {
    test.serial(
      `${engine}, ${open.name}: 20 steps through workers, all-reduce and optimizer are Keras's`,
      async (t) => {
        const { model, expected, initial, final } = await open();
        const { batch, trajectory } = expected;
        const full: ConfigInput = {
          ...config,
          dataset: 'fashion',
          model: { name: 'keras' },
          engine,
          batchSize: batch,
          workers: engine === 'compiled' ? 2 : 1,
        };
        const options = {
          datasets: inMemory(images.pixels, images.labels, 28, 10),
          model,
          weights: inOrder(model, initial),
        };
        await withRuntime(full, options, async (runtime) => {
          for (const [step, loss] of trajectory.entries()) {
            const filled = await fillInOrder(runtime, step * batch, batch);
            const plan = { batch: step, step, learningRate: config.learningRate, accumulated: 0, update: true };
            const { sums } = await runtime.coordinator.step(filled, plan);
            const difference = Math.abs(sums.lossSum / sums.weightSum - loss) / loss;
            t.true(
              difference < (step < early ? firstLosses : losses),
              `step ${step + 1}: loss is off by ${difference}`,
            );
          }
          const weights = named(runtime, 'weights');
          let away = 0;
          let moved = 0;
          for (const { name } of runtime.layout.parameters.filter(({ trainable }) => trainable)) {
            const [before, after, found] = [initial, final, weights].map(
              (values) => values.get(name) as Float32Array,
            ) as Triple;
            for (const [index, value] of after.entries()) {
              away += ((found[index] as number) - value) ** 2;
              moved += (value - (before[index] as number)) ** 2;
            }
          }
          const share = Math.sqrt(away / moved);
          t.true(share < movement, `final weights are off by ${share} of their way`);
        });
      },
    );
  }
}

type Triple = [Float32Array, Float32Array, Float32Array];
