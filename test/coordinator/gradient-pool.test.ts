import test from 'ava';
import { ConvoyError } from '../../src/base/errors.js';
import type { ConfigInput } from '../../src/config/config.js';
import { loadNative } from '../../src/native/index.js';
import type { TrainerOptions } from '../../src/training/options.js';
import { tinyDatasets, tinyModel } from '../support/tiny.js';
import { trainToEnd } from '../support/train-to-end.js';

const config: ConfigInput = {
  dataset: 'tiny',
  model: { name: 'tiny' },
  epochs: 1,
  batchSize: 16,
  shards: 4,
  workers: 2,
};

test.before(async () => {
  await loadNative(); // models are made on its backend
});

function train(
  failure?: string,
  more: Partial<TrainerOptions> = {},
): { result: Promise<{ weightsSha256: string }>; notes: string[] } {
  const notes: string[] = [];
  const options = { config, datasets: tinyDatasets(), model: tinyModel(), onNote: (note: string) => notes.push(note) };
  return { result: trainToEnd({ ...options, ...more }, failure), notes };
}

let good: Promise<{ weightsSha256: string }> | undefined;

for (const failure of ['throw', 'exit']) {
  test.serial(`a worker that does ${failure} has its shard done again, and the result is unchanged`, async (t) => {
    good ??= train().result;
    const { result, notes } = train(failure);
    const mended = await result;
    t.is(mended.weightsSha256, (await good).weightsSha256);
    t.deepEqual(
      notes.filter((note) => !/a worker failed on a gradients task, which is done again/.test(note)),
      [],
      'no other note',
    );
    t.is(notes.length, 1);
  });
}

test.serial('a task that fails on every worker ends the run with its reason', async (t) => {
  const error = await t.throwsAsync(train('always').result, { instanceOf: ConvoyError });
  t.is(error.code, 'CONVOY_WORKER');
  t.regex(error.message, /failed on 3 workers in a row: out of order/);
});

test.serial('a worker that never answers ends the run after the time that is allowed', async (t) => {
  const error = await t.throwsAsync(train('hang', { config: { ...config, workerTimeoutMinutes: 0.1 } }).result, {
    instanceOf: ConvoyError,
  });
  t.is(error.code, 'CONVOY_WORKER');
  t.regex(error.message, /a thread that computes a batch but none came for 0.1 minutes .* --resume goes on/);
});

test.serial('while a worker does not answer, a signal still ends the run', async (t) => {
  const abort = new AbortController();
  const { result } = train('hang', {
    config: { ...config, workerTimeoutMinutes: 0 },
    signal: abort.signal,
    // The step after the first batch is under way by then, and hangs.
    onBatch: () => setImmediate(() => abort.abort()),
  });
  const error = await t.throwsAsync(result, { instanceOf: ConvoyError });
  t.is(error.code, 'CONVOY_ABORTED');
});
