import { existsSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import test from 'ava';
import { ConvoyError } from '../../src/base/errors.js';
import { createModel, modelParameters } from '../../src/models/index.js';
import { readCheckpoint } from '../../src/run/checkpoint.js';
import { Trainer, type TrainerOptions } from '../../src/training/index.js';
import { writeSafetensors } from '../../src/weights/index.js';
import { tinyDatasets, tinyModel } from '../support/tiny.js';

const config = {
  epochs: 3,
  batchSize: 16,
  shards: 2,
  workers: 2,
  learningRate: 0.01,
} as const;

/** The error that a training ends with, and the steps that it reported. */
async function failure(options: TrainerOptions): Promise<{ error: ConvoyError; steps: number[] }> {
  const steps: number[] = [];
  const spy = { name: 'spy', onStepEnd: ({ step }: { step: number }) => void steps.push(step) };
  const error = await new Trainer({ datasets: tinyDatasets(), ...options, callbacks: [spy] }).train().then(
    () => undefined,
    (reason: unknown) => reason,
  );
  if (!(error instanceof ConvoyError)) throw new TypeError(`the training ended well or with ${String(error)}`);
  return { error, steps };
}

// The rate becomes 1e39 in the second epoch, which begins with step 5: more than a float32 holds.
const schedule = { name: 'multiStep' as const, milestones: [1], gamma: 1e41 };

for (const optimizer of [{ name: 'sgd' }, { name: 'adam' }, { name: 'lamb', clipNorm: 1 }] as const) {
  test.serial(`weights that overflow end the run in their step: ${JSON.stringify(optimizer)}`, async (t) => {
    const { error, steps } = await failure({ config: { ...config, schedule, optimizer }, model: tinyModel() });
    t.is(error.code, 'CONVOY_DIVERGED');
    t.regex(
      error.message,
      /finite numbers in \w+\/\w+ but found others after step 5, at a learning rate of 1\.00e\+39/,
    );
    t.is(steps.at(-1), Number(error.details['step']));
  });
}

test.serial(
  'the first bad tensor is named, of one layer that alone goes wrong and of momentum accumulated over batches',
  async (t) => {
    const groups = [{ match: '^head/', learningRateScale: 1e41 }];
    for (const more of [{}, { accumulate: 2 }, { optimizer: { name: 'sgd', momentum: 0.9 } }] as const) {
      const optimizer = { name: 'sgd' as const, ...('optimizer' in more ? more.optimizer : {}), groups };
      const { error, steps } = await failure({ config: { ...config, ...more, optimizer }, model: tinyModel() });
      t.is(error.code, 'CONVOY_DIVERGED');
      t.is(error.details.place, 'head/kernel');
      t.deepEqual(steps, [1]);
    }
  },
);

test.serial('the checkpoint before such a step is kept, and none is written behind it', async (t) => {
  const folder = await mkdtemp(join(tmpdir(), 'convoy-not-finite-'));
  const out = join(folder, 'run');
  const checkpoint = { everySteps: 1 };
  const { error } = await failure({ config: { ...config, schedule, checkpoint }, model: tinyModel(), out });
  const kept = await readCheckpoint(join(out, 'checkpoints', 'last.ckpt'));
  t.is(kept.step, Number(error.details['step']) - 1);
  for (const { name, data } of kept.weights) {
    t.true(new Float32Array(Uint8Array.from(data).buffer).every(Number.isFinite), name);
  }
  await rm(folder, { recursive: true });
});

for (const bad of [Number.NaN, Number.POSITIVE_INFINITY]) {
  test.serial(`a weights file with ${bad} is refused by name, and leaves no folder`, async (t) => {
    const folder = await mkdtemp(join(tmpdir(), 'convoy-not-finite-'));
    const model = createModel('mlp', { height: 8, width: 8, channels: 1, classes: 3 });
    const tensors = modelParameters(model).map(({ spec: { name, shape } }) => {
      const data = new Float32Array(shape.reduce((product, size) => product * size, 1)).fill(0.01);
      return { name, shape, data };
    });
    const spoilt = tensors.at(-1);
    if (spoilt === undefined) throw new TypeError('the network has no weights');
    spoilt.data[1] = bad;
    const weights = join(folder, 'spoilt.safetensors');
    await writeSafetensors(weights, tensors);
    const out = join(folder, 'run');
    const { error, steps } = await failure({ config: { ...config, model: { name: 'mlp' }, weights }, out });
    t.is(error.code, 'CONVOY_WEIGHTS');
    t.true(
      error.message.startsWith(`${weights}: ${spoilt.name}: expected finite numbers but found ${bad}`),
      error.message,
    );
    t.deepEqual(steps, []);
    t.false(existsSync(out));
    model.dispose();
    await rm(folder, { recursive: true });
  });
}
