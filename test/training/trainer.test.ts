import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import test from 'ava';
import { ConvoyError } from '../../src/base/errors.js';
import type { ConfigInput } from '../../src/config/config.js';
import { loadNative } from '../../src/native/index.js';
import type { TrainSummary } from '../../src/run/index.js';
import type { TrainerOptions } from '../../src/training/options.js';
import { Trainer } from '../../src/training/trainer.js';
import { summaryOf } from '../support/summary.js';
import { tinyDatasets, tinyModel } from '../support/tiny.js';

const base: ConfigInput = {
  dataset: 'tiny',
  model: { name: 'tiny' },
  optimizer: { name: 'sgd', momentum: 0.9 },
  learningRate: 0.05,
  epochs: 4,
  batchSize: 16, // 50 samples: the last batch has 2
  shards: 4,
  workers: 2,
};

test.before(async () => {
  await loadNative(); // models are made on its backend
});

function trainer(config: ConfigInput, options: Partial<TrainerOptions> = {}): Trainer {
  return new Trainer({ config: { ...base, ...config }, datasets: tinyDatasets(), model: tinyModel(), ...options });
}

async function folder(): Promise<string> {
  return join(await mkdtemp(join(tmpdir(), 'convoy-')), 'run');
}

test.serial('learns, with a record an epoch and a summary', async (t) => {
  const epochs = trainer({ epochs: 12, workers: 1 }).run();
  const losses: number[] = [];
  for (;;) {
    const next = await epochs.next();
    if (next.done) {
      t.is(next.value.summary.epochs, 12);
      t.regex(next.value.summary.weightsSha256, /^[0-9a-f]{64}$/);
      t.true(next.value.summary.test.accuracy > 0.9, `accuracy ${next.value.summary.test.accuracy}`);
      break;
    }
    losses.push(next.value.train.loss);
  }
  t.is(losses.length, 12);
  t.true((losses.at(-1) as number) < (losses[0] as number) / 2);
});

for (const [engine, counts] of [
  ['compiled', [1, 2, 4]],
  ['eager', [1, 2]],
] as const) {
  test.serial(
    `${engine}: ${counts.join(', ')} workers give the same bits, dropout and batch norm included`,
    async (t) => {
      const digests: string[] = [];
      for (const workers of counts) {
        digests.push((await trainer({ engine, workers, epochs: 2 }).train().then(summaryOf)).weightsSha256);
      }
      t.deepEqual(
        digests,
        digests.map(() => digests[0]),
      );
    },
  );
}

test.serial('both engines draw the same dropout masks: one epoch ends with equal weights', async (t) => {
  const losses = [];
  for (const engine of ['compiled', 'eager'] as const) {
    losses.push((await trainer({ engine, epochs: 1, workers: 1 }).train().then(summaryOf)).train.loss);
  }
  t.true(Math.abs((losses[0] as number) - (losses[1] as number)) < 1e-5, `${losses.join(' and ')}`);
});

test.serial('another seed gives another training', async (t) => {
  const one = await trainer({ epochs: 1, workers: 1, seed: 1 }).train().then(summaryOf);
  const two = await trainer({ epochs: 1, workers: 1, seed: 2 }).train().then(summaryOf);
  t.not(one.weightsSha256, two.weightsSha256);
});

/** The training of four epochs, for the tests behind the one that makes it. */
let straight: TrainSummary;

test.serial('four epochs in one go are two and a resume, to the bit and in the metrics', async (t) => {
  const whole = await folder();
  const halves = await folder();
  straight = await trainer({}, { out: whole }).train().then(summaryOf);
  await trainer({ epochs: 2 }, { out: halves }).train().then(summaryOf);
  const resumed = await new Trainer({
    resume: halves,
    config: { epochs: 4 },
    datasets: tinyDatasets(),
    model: tinyModel(),
  })
    .train()
    .then(summaryOf);
  t.is(resumed.weightsSha256, straight.weightsSha256);
  const scores = async (run: string) =>
    (await readFile(join(run, 'metrics.jsonl'), 'utf8'))
      .trim()
      .split('\n')
      .map((line) => JSON.parse(line) as { epoch: number; train: unknown; test: unknown })
      .map(({ epoch, train, test }) => ({ epoch, train, test }));
  t.deepEqual(await scores(halves), await scores(whole));
  await rm(join(whole, '..'), { recursive: true });
  await rm(join(halves, '..'), { recursive: true });
});

test.serial('an abort inside an epoch writes a checkpoint from which the same bits follow', async (t) => {
  const run = await folder();
  const abort = new AbortController();
  let batches = 0;
  const stopped = trainer(
    {},
    {
      out: run,
      signal: abort.signal,
      onBatch: ({ phase }) => {
        if (phase === 'training' && ++batches === 6) abort.abort();
      },
    },
  );
  const error = await t.throwsAsync(stopped.train().then(summaryOf), {
    instanceOf: ConvoyError,
    code: 'CONVOY_ABORTED',
  });
  t.regex(error.message, /epoch 2 after step \d+; --resume .* goes on/);
  const resumed = await new Trainer({ resume: run, datasets: tinyDatasets(), model: tinyModel() })
    .train()
    .then(summaryOf);
  t.is(resumed.weightsSha256, straight.weightsSha256);
  await rm(join(run, '..'), { recursive: true });
});

test.serial('an abort inside an evaluation keeps the epoch, and a resume begins with its evaluation', async (t) => {
  const run = await folder();
  const datasets = tinyDatasets(50, 1500); // more batches of 256 than are in flight at a time
  const abort = new AbortController();
  const stopped = trainer(
    {},
    {
      out: run,
      datasets,
      signal: abort.signal,
      onBatch: ({ phase, epoch }) => {
        if (phase === 'evaluating' && epoch === 2) abort.abort();
      },
    },
  );
  await t.throwsAsync(stopped.train().then(summaryOf), { instanceOf: ConvoyError, code: 'CONVOY_ABORTED' });
  const epochs = new Trainer({ resume: run, datasets, model: tinyModel() }).run();
  const first = await epochs.next();
  t.false(first.done);
  if (first.done !== true) t.is(first.value.epoch, 2);
  let last = first;
  while (last.done !== true) last = await epochs.next();
  // Test images move no weights.
  t.is(last.value.summary.weightsSha256, straight.weightsSha256);
  await rm(join(run, '..'), { recursive: true });
});

test.serial('gradient accumulation equals the larger batch where nothing works per batch', async (t) => {
  // Without momentum, dropout and batch norm one step over two batches of 8 is one over 16, up to rounding.
  const { tf } = await import('../../src/base/tf.js');
  const plain = () =>
    tf.sequential({
      layers: [tf.layers.flatten({ inputShape: [8, 8, 1] }), tf.layers.dense({ name: 'head', units: 3 })],
    });
  const large = await trainer({ epochs: 1, workers: 1, batchSize: 16 }, { model: plain() }).train().then(summaryOf);
  const small = await trainer({ epochs: 1, workers: 1, batchSize: 8, accumulate: 2 }, { model: plain() })
    .train()
    .then(summaryOf);
  t.true(Math.abs(large.test.loss - small.test.loss) < 1e-5, `${large.test.loss} and ${small.test.loss}`);
});

test.serial('a loss that is not finite stops with the step, and the last good checkpoint is kept', async (t) => {
  const run = await folder();
  const error = await t.throwsAsync(trainer({ learningRate: 1e30, workers: 1 }, { out: run }).train().then(summaryOf), {
    instanceOf: ConvoyError,
  });
  t.is(error.code, 'CONVOY_DIVERGED');
  t.regex(error.message, /step \d+/);
  const { readCheckpoint } = await import('../../src/run/checkpoint.js');
  const kept = await readCheckpoint(join(run, 'checkpoints', 'last.ckpt'));
  t.is(kept.step, 0);
  await rm(join(run, '..'), { recursive: true });
});

test.serial('more shards than samples are refused', async (t) => {
  const error = await t.throwsAsync(
    trainer({ shards: 16 }, { datasets: tinyDatasets(10, 3) })
      .train()
      .then(summaryOf),
    {
      instanceOf: ConvoyError,
    },
  );
  t.regex(error.message, /Expected at most 10 \(the training samples\) for shards but received 16/);
});

test.serial('a run of other data cannot be resumed', async (t) => {
  const run = await folder();
  await trainer({ epochs: 1, workers: 1 }, { out: run }).train().then(summaryOf);
  const error = await t.throwsAsync(
    new Trainer({ resume: run, config: { epochs: 2 }, datasets: tinyDatasets(40), model: tinyModel() })
      .train()
      .then(summaryOf),
    { instanceOf: ConvoyError },
  );
  t.is(error.code, 'CONVOY_CHECKPOINT');
  t.regex(error.message, /fingerprint/);
  await rm(join(run, '..'), { recursive: true });
});

test.serial('early stopping ends with the weights of the best epoch', async (t) => {
  const losses: number[] = [];
  const epochs = trainer({
    epochs: 30,
    workers: 1,
    learningRate: 0.3,
    earlyStopping: { patience: 2, monitor: 'test.loss', restoreBest: true },
  }).run();
  let last: Awaited<ReturnType<typeof epochs.next>>;
  for (last = await epochs.next(); !last.done; last = await epochs.next()) losses.push(last.value.test?.loss as number);
  t.true(losses.length < 30, 'stopped early');
  t.regex(last.value.summary.stopped ?? '', /test.loss|improve/i);
  t.is(losses.indexOf(Math.min(...losses)), losses.length - 3, 'two epochs after the best one');
});
