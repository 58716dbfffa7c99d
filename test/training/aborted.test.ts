import { existsSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import test from 'ava';
import type { ConfigInput } from '../../src/config/config.js';
import { loadNative } from '../../src/native/index.js';
import { Trainer } from '../../src/training/index.js';
import { tinyDatasets, tinyModel } from '../support/tiny.js';

const config: ConfigInput = { dataset: 'tiny', epochs: 1, batchSize: 16, shards: 1, workers: 1 };

test.before(async () => {
  await loadNative(); // models are made on its backend
});

test.serial('a signal that is aborted before the start leaves nothing', async (t) => {
  const folder = await mkdtemp(join(tmpdir(), 'convoy-aborted-'));
  t.teardown(() => rm(folder, { recursive: true, force: true }));
  const out = join(folder, 'run');
  const options = { config, model: tinyModel(), datasets: tinyDatasets(), out, signal: AbortSignal.abort() };
  await t.throwsAsync(new Trainer(options).train(), { code: 'CONVOY_ABORTED' });
  t.false(existsSync(out));
});

test.serial('a signal that is aborted once all is open takes no step', async (t) => {
  const abort = new AbortController();
  let steps = 0;
  const options = {
    ...{ config, model: tinyModel(), datasets: tinyDatasets(), signal: abort.signal },
    onStart: () => abort.abort(),
    onBatch: () => void steps++,
  };
  await t.throwsAsync(new Trainer(options).train(), { code: 'CONVOY_ABORTED' });
  t.is(steps, 0);
});
