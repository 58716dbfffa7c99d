import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import test from 'ava';
import { Trainer } from '../../src/training/trainer.js';
import { tinyDatasets, tinyModel } from '../support/tiny.js';

const datasets = tinyDatasets(40);
const config = {
  epochs: 2,
  shards: 2,
  batchSize: 10,
  engine: 'eager',
  learningRate: 0.05,
  augment: [{ name: 'crop', padding: 1 }],
  sampler: { name: 'balanced' },
} as const;

test('a weighted order gives the same bits with any number of workers, and to a run that was stopped within an epoch', async (t) => {
  const folder = await mkdtemp(join(tmpdir(), 'convoy-sampler-'));
  const model = tinyModel();
  const one = await new Trainer({ config: { ...config, workers: 1 }, model, datasets }).train();
  const two = await new Trainer({ config: { ...config, workers: 2 }, model, datasets }).train();
  t.is(two.summary.weightsSha256, one.summary.weightsSha256);
  const shuffled = await new Trainer({
    config: { ...config, workers: 1, sampler: { name: 'shuffle' } },
    model,
    datasets,
  }).train();
  t.not(shuffled.summary.weightsSha256, one.summary.weightsSha256);

  const out = join(folder, 'run');
  const stop = new AbortController();
  let steps = 0;
  const watcher = { onStep: () => void (++steps === 6 && stop.abort()) };
  const stopped = new Trainer({
    config: { ...config, workers: 1 },
    model,
    datasets,
    out,
    watchers: [watcher],
    signal: stop.signal,
  });
  await t.throwsAsync(() => stopped.train(), { code: 'CONVOY_ABORTED', message: /epoch 2 after step 6/ });
  const resumed = await new Trainer({ resume: out, model, datasets }).train();
  t.is(resumed.summary.weightsSha256, one.summary.weightsSha256);
  await rm(folder, { recursive: true });
});
