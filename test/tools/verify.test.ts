import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import test from 'ava';
import { tf } from '../../src/base/tf.js';
import { type ConfigInput, resolveConfig } from '../../src/config/config.js';
import { StepSession } from '../../src/measure/step-session.js';
import { initialWeights } from '../../src/models/index.js';
import { loadNative } from '../../src/native/index.js';
import { exportLayersModel } from '../../src/run/export-model.js';
import { verify, verifyError } from '../../src/tools/verify.js';
import { tinyDatasets } from '../support/tiny-data.js';

let folder: string;
let config: ConfigInput;
test.before(async () => {
  await loadNative(); // models are made on its backend
  folder = await mkdtemp(join(tmpdir(), 'convoy-verify-'));
  process.env['CONVOY_CACHE'] = join(folder, 'cache');
  const { layers } = tf;
  const base = tf.sequential({
    layers: [
      layers.conv2d({ name: 'conv', filters: 4, kernelSize: 3, inputShape: [8, 8, 1], activation: 'relu' }),
      layers.maxPooling2d({ name: 'pool', poolSize: 2 }),
      layers.flatten({ name: 'flat' }),
      layers.dense({ name: 'classes', units: 5 }),
    ],
  });
  await exportLayersModel(base, initialWeights(base, 1), join(folder, 'base'));
  base.dispose();
  config = {
    dataset: 'tiny',
    base: { name: join(folder, 'base', 'model.json') },
    freeze: 'none',
    learningRate: 0.01,
    batchSize: 16,
    shards: 2,
    workers: 2,
  };
});
test.after.always(() => rm(folder, { recursive: true, force: true }));

test('checks that failed are an error of its own code that names them', (t) => {
  const check = (name: string, passed: boolean) => ({ name, passed, detail: '' });
  t.is(verifyError([check('same bits', true)]), undefined);
  const error = verifyError([check('same bits', false), check('gradients', true), check('engines', false)]);
  t.is(error?.code, 'CONVOY_VERIFY');
  t.is(error?.message, 'Expected all 3 checks to pass but 2 failed: same bits; engines');
});

const resolved = (more: ConfigInput = {}) => resolveConfig({ where: 'test', input: { ...config, ...more } });

test.serial(
  'a configuration with phases and a warm-up longer than the few steps is verified, as its first phase has it',
  async (t) => {
    const phases = [{ epochs: 2 }, { epochs: 3, learningRate: 0.001 }];
    const checks = await verify({
      config: resolved({ phases, schedule: { name: 'cosine', warmup: { steps: 5000 } } }),
      datasets: tinyDatasets(),
      steps: 3,
    });
    t.is(checks.length, 4, 'one and two workers, shards against a batch, engines');
    for (const { name, passed, detail } of checks) t.true(passed, `${name}: ${detail}`);
  },
);

test.serial('steps of such a configuration are measured', async (t) => {
  const { base: _, freeze: __, ...plain } = config;
  const image = { height: 8, width: 8, channels: 1 };
  const session = await StepSession.open({
    config: { ...plain, model: { name: 'mlp' }, schedule: { name: 'cosine', warmup: { steps: 5000 } } },
    image,
    classes: 3,
  });
  t.is((await session.round(2)).images, 32);
  await session.close();
});
