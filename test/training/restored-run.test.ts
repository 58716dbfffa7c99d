import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import test from 'ava';
import { type ConfigInput, resolveConfig } from '../../src/config/config.js';
import { readWeights } from '../../src/coordinator/run-memory.js';
import { loadNative } from '../../src/native/index.js';
import { checkpointWeights, readCheckpoint } from '../../src/run/checkpoint.js';
import { openModel } from '../../src/runtime/base-model.js';
import type { Datasets } from '../../src/runtime/contract.js';
import { evaluateSplit } from '../../src/training/evaluation.js';
import { openRunRuntime } from '../../src/training/run-runtime.js';
import { Trainer } from '../../src/training/trainer.js';
import { summaryOf } from '../support/summary.js';
import { tinyDatasets, tinyModel } from '../support/tiny.js';

/** Test images with the name of the class behind: the more is learned, the more of them are wrong. */
function misnamed(): Datasets {
  const { train, test } = tinyDatasets();
  const labels = new Int32Array(new SharedArrayBuffer(test.count * 4));
  labels.forEach((_, index) => (labels[index] = (index + 1) % 3));
  return { train, test: { ...test, targets: { kind: 'classes', labels } } };
}

const datasets = misnamed();
const config: ConfigInput = {
  dataset: 'tiny',
  model: { name: 'tiny' },
  optimizer: { name: 'sgd' },
  learningRate: 0.05,
  earlyStopping: { patience: 1 },
  target: { accuracy: 0.4 },
  epochs: 6,
  batchSize: 16,
  workers: 2,
};

let folder = '';
test.before(async () => {
  await loadNative(); // models are made on its backend
  folder = await mkdtemp(join(tmpdir(), 'convoy-restored-'));
});
test.after.always(() => rm(folder, { recursive: true, force: true }));

test.serial(
  'where early stopping restores the best weights, summary, target and later commands are of their epoch',
  async (t) => {
    const run = join(folder, 'run');
    const summary = await new Trainer({ config, datasets, model: tinyModel(), out: run }).train().then(summaryOf);
    const text = await readFile(join(run, 'metrics.jsonl'), 'utf8');
    const history = text
      .trim()
      .split('\n')
      .map((line) => JSON.parse(line) as { epoch: number; test: { loss: number; accuracy: number }; train: object });
    const losses = history.map(({ test: scores }) => scores.loss);
    const best = losses.indexOf(Math.min(...losses)) + 1;
    t.true(best < history.length, losses.join(' '));
    t.is(summary.restoredEpoch, best);
    t.is(summary.epochs, history.length);
    t.deepEqual(summary.test, history[best - 1]?.test);
    t.deepEqual(summary.train, history[best - 1]?.train);
    t.notDeepEqual(summary.test, history.at(-1)?.test);
    t.is(summary.target?.reached, summary.test.accuracy >= 0.4);

    const opened = await openRunRuntime({ run, datasets });
    const { coordinator, arena, layout, evaluationSlots } = opened;
    const stage = opened.evaluationStage(datasets.test);
    const scores = await evaluateSplit({
      stage,
      coordinator,
      arena,
      layout,
      slots: evaluationSlots,
      count: datasets.test.count,
    });
    await stage.close();
    const weights = readWeights(arena, layout).map((values) => Float32Array.from(values));
    await opened.close();
    t.is(scores.accuracy, summary.test.accuracy);
    t.true(Math.abs(scores.loss - summary.test.loss) < 1e-6 * summary.test.loss);

    const last = await openRunRuntime({ run, datasets, checkpoint: 'last' });
    t.notDeepEqual(
      readWeights(last.arena, last.layout).map((values) => Float32Array.from(values)),
      weights,
    );
    await last.close();

    const base = await openModel(
      { config: resolveConfig({ where: 'test', input: { base: { name: run } } }) },
      datasets.train,
    );
    const kept = checkpointWeights(await readCheckpoint(join(run, 'checkpoints', 'best.ckpt')), tinyModel(), run);
    t.deepEqual(base.weights[0], kept[0], 'a base starts from them');
  },
);

test.serial('a run without early stopping ends with its last weights', async (t) => {
  const run = join(folder, 'plain');
  const { earlyStopping: _, ...plain } = config;
  const summary = await new Trainer({
    config: { ...plain, epochs: 1 },
    datasets,
    model: tinyModel(),
    out: run,
  })
    .train()
    .then(summaryOf);
  t.is(summary.restoredEpoch, undefined);
  const opened = await openRunRuntime({ run, datasets });
  const kept = checkpointWeights(await readCheckpoint(join(run, 'checkpoints', 'last.ckpt')), opened.model, run);
  t.deepEqual(
    readWeights(opened.arena, opened.layout).map((values) => Float32Array.from(values)),
    kept.map((values) => Float32Array.from(values)),
  );
  await opened.close();
});

test.serial('what decides bits is recorded, and nothing else that a machine chose for itself', async (t) => {
  const run = join(folder, 'threads');
  await new Trainer({
    config: { ...config, epochs: 1, workers: 1, shards: 1 },
    datasets,
    model: tinyModel(),
    out: run,
  })
    .train()
    .then(summaryOf);
  const recorded = JSON.parse(await readFile(join(run, 'config.json'), 'utf8')) as ConfigInput;
  t.is(recorded.workers, 1);
  t.is(recorded.shards, 1, 'which decides bits');
  t.is(recorded.intraOpThreads, 1, 'which decides bits too');
  t.is(recorded.interOpThreads, undefined);
});
