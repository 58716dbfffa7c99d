import test from 'ava';
import { ConvoyError } from '../../src/base/errors.js';
import { RandomStream } from '../../src/base/random.js';
import { type LayersModel, tf } from '../../src/base/tf.js';
import type { ConfigInput } from '../../src/config/config.js';
import { loadNative } from '../../src/native/index.js';
import type { Datasets, Runtime } from '../../src/runtime/contract.js';
import { trainingRun } from '../../src/training/trainer.js';
import { relativeDifference } from '../support/engine-run.js';
import { fillInOrder, inMemory, named, withRuntime } from '../support/in-memory.js';
import { sameBits } from '../support/same-bits.js';

test.before(async () => {
  await loadNative(); // models are made on its backend
});

const side = 48;
const batchSize = 22;

/** A dense layer of 2304 x 512 weights, which is large enough for its factors to be exchanged, and one that is not. */
const model = (): LayersModel =>
  tf.sequential({
    layers: [
      tf.layers.flatten({ inputShape: [side, side, 1] }),
      tf.layers.dense({ units: 512, activation: 'tanh', name: 'large' }),
      tf.layers.dense({ units: 3, name: 'logits' }),
    ],
  });

/** The same behind a convolution and its pooling, whose output is the large layer's input: it is computed where workers exchange it. */
const pooled = (): LayersModel =>
  tf.sequential({
    layers: [
      tf.layers.conv2d({
        inputShape: [side, side, 1],
        filters: 8,
        kernelSize: 3,
        padding: 'same',
        activation: 'relu',
        name: 'conv',
      }),
      tf.layers.maxPooling2d({ poolSize: 2 }),
      tf.layers.flatten(),
      tf.layers.dense({ units: 512, activation: 'tanh', name: 'large' }),
      tf.layers.dense({ units: 3, name: 'logits' }),
    ],
  });

function noise(count: number): Datasets {
  const random = new RandomStream(1, 'test', 3);
  const pixels = Uint8Array.from({ length: count * side * side }, () => random.below(256));
  return inMemory(
    pixels,
    Array.from({ length: count }, (_, index) => index % 3),
    side,
    3,
  );
}

const datasets = noise(3 * batchSize);
const base: ConfigInput = { dataset: 'noise', model: { name: 'large' }, engine: 'compiled', batchSize };
const open = <Result>(config: ConfigInput, use: (runtime: Runtime) => Promise<Result>, made = model): Promise<Result> =>
  withRuntime({ ...base, ...config }, { datasets, model: made() }, use);

/** The reduced gradients of the first `count` samples, for each count. */
const gradientsOf = (config: ConfigInput, counts: readonly number[], made = model) =>
  open(
    config,
    async (runtime) => {
      const factors = runtime.layout.factors.map(({ index }) => runtime.layout.parameters[index]?.name);
      const gradients: Map<string, Float32Array>[] = [];
      for (const count of counts) {
        const batch = await fillInOrder(runtime, 0, count);
        await runtime.coordinator.step(batch, { batch: 0, step: 0, learningRate: 0, accumulated: 0, update: false });
        gradients.push(named(runtime, 'reduced'));
      }
      return { factors, gradients };
    },
    made,
  );

// Of four shards: 6, 6, 5 and 5 samples; 3, 2, 2 and 2, over what the batch before left; one each for two of them.
const counts = [batchSize, 9, 2];

const cases = [
  { name: 'of pixels', made: model, precision: 'float32', bound: 1e-5, others: [2, 3] },
  { name: 'of pixels', made: model, precision: 'bfloat16', bound: 1e-2, others: [2] },
  { name: 'of a pooling', made: pooled, precision: 'float32', bound: 1e-5, others: [3] },
  { name: 'of a pooling', made: pooled, precision: 'bfloat16', bound: 1e-2, others: [2] },
] as const;
for (const { name: inputs, made, precision, bound, others } of cases) {
  test.serial(
    `${precision}, ${inputs}: gradients multiplied from all shards' factors are those of one big batch`,
    async (t) => {
      const config = { precision, forcePrecision: true };
      const whole = await gradientsOf({ ...config, workers: 1, shards: 1 }, counts, made);
      t.deepEqual(whole.factors, []);
      const first = await gradientsOf({ ...config, workers: 1, shards: 4 }, counts, made);
      t.deepEqual(first.factors, ['large/kernel']);
      for (const [index, tensors] of whole.gradients.entries()) {
        for (const [name, values] of tensors) {
          t.true(
            values.some((value) => value !== 0),
            name,
          );
          const difference = relativeDifference(first.gradients[index]?.get(name) as Float32Array, values);
          t.true(difference < bound, `batch ${index}, ${name}: ${difference}`);
        }
      }
      for (const workers of others) {
        const found = await gradientsOf({ ...config, workers, shards: 4 }, counts, made);
        t.deepEqual(found.factors, first.factors);
        for (const [index, tensors] of first.gradients.entries())
          sameBits(t, found.gradients[index] ?? new Map(), tensors, `${workers} workers, batch ${index}`);
      }
    },
  );
}

test.serial(
  'steps that clip, decay and accumulate move the weights as one big batch does, to the same bits on 1 and 3 workers',
  async (t) => {
    const optimizer = { name: 'adam', style: 'keras', clipNorm: 0.5, weightDecay: 0.01 } as const;
    const movement = (config: ConfigInput) =>
      open({ ...config, optimizer, accumulate: 2 }, async (runtime) => {
        const before = named(runtime, 'weights');
        const plan = { learningRate: 0.01, accumulated: 0, update: false };
        for (const [step, count] of [batchSize, 9].entries()) {
          await runtime.coordinator.step(await fillInOrder(runtime, 0, batchSize), { ...plan, batch: 2 * step, step });
          const batch = await fillInOrder(runtime, batchSize, count);
          await runtime.coordinator.step(batch, {
            ...plan,
            batch: 2 * step + 1,
            step,
            accumulated: batchSize,
            update: true,
          });
        }
        const after = named(runtime, 'weights');
        return new Map(
          [...after].map(([name, values]) => [
            name,
            values.map((value, index) => value - (before.get(name)?.[index] ?? NaN)),
          ]),
        );
      });
    const whole = await movement({ workers: 1, shards: 1 });
    const first = await movement({ workers: 1, shards: 4 });
    for (const [name, values] of whole) {
      t.true(
        values.some((value) => value !== 0),
        name,
      );
      const moved = first.get(name) as Float32Array;
      const off =
        Math.hypot(...sampled(moved.map((value, index) => value - (values[index] as number)))) /
        Math.hypot(...sampled(values));
      t.true(off < 1e-3, `${name}: ${off}`);
    }
    sameBits(t, await movement({ workers: 3, shards: 4 }), first, '3 workers');
  },
);

/** Every 64th of many: `hypot` takes no million arguments. */
const sampled = (values: Float32Array): Float32Array =>
  values.length < 10_000 ? values : values.filter((_, index) => index % 64 === 0);

test.serial('a step in which a worker fails ends the run: it cannot be done twice', async (t) => {
  process.env['CONVOY_TEST_FAILURE'] = 'step';
  t.teardown(() => delete process.env['CONVOY_TEST_FAILURE']);
  const config = { ...base, epochs: 1, shards: 4, workers: 2 };
  const workerFile = new URL('../../bench/children/failing-worker.js', import.meta.url);
  const run = trainingRun({ config, datasets, model: model() }, { workerFile });
  const error = await t.throwsAsync(run.next(), { instanceOf: ConvoyError });
  t.is(error.code, 'CONVOY_WORKER');
  t.regex(
    error.message,
    /a worker failed in it, which leaves weights half moved: out of order; --resume goes on from the last checkpoint/,
  );
});
