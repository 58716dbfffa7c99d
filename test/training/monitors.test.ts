import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import test from 'ava';
import { type EpochRecord, earlyStopping } from '../../src/callbacks/index.js';
import type { ConfigInput } from '../../src/config/index.js';
import { readCheckpoint, readHistory } from '../../src/run/index.js';
import { Trainer } from '../../src/training/trainer.js';
import type { Watcher } from '../../src/training/watcher.js';
import { tinyDatasets, tinyModel } from '../support/tiny.js';

const small = { workers: 1, engine: 'eager', learningRate: 0.05, batchSize: 10 } as const;
/** Uneven classes: the third has the first 3 of its samples alone. */
const { train, test: held } = tinyDatasets(30, 12);
const datasets = { train, test: held, validation: { ...held, split: 'validation' as const } };

async function trained(config: ConfigInput, more: { watchers?: readonly Watcher[]; out?: string } = {}) {
  return new Trainer({ config: { ...small, ...config }, model: tinyModel(), datasets, ...more }).train();
}

test('metrics are in the records of both splits, and equal those of the outputs by definition', async (t) => {
  const outputs: Float32Array[] = [];
  const watcher: Watcher = {
    onOutputs: (dataset, values) => void (dataset.split === 'validation' && outputs.push(values.slice())),
  };
  const { history } = await trained({ epochs: 2, metrics: ['f1', 'top-2', 'recall'] }, { watchers: [watcher] });
  const labels = held.targets.kind === 'classes' ? [...held.targets.labels] : [];
  for (const [epoch, record] of history.entries()) {
    const values = outputs[epoch] ?? new Float32Array();
    const rows = labels.map((_, sample) => [...values.subarray(sample * 3, sample * 3 + 3)]);
    const predicted = rows.map((row) => row.indexOf(Math.max(...row)));
    const counts = [0, 1, 2].map((k) => ({
      hits: labels.filter((label, i) => label === k && predicted[i] === k).length,
      truly: labels.filter((label) => label === k).length,
      said: predicted.filter((label) => label === k).length,
    }));
    const f1 = counts.reduce((sum, { hits, truly, said }) => sum + (2 * hits) / (truly + said), 0) / 3;
    const recall = counts.reduce((sum, { hits, truly }) => sum + hits / truly, 0) / 3;
    const second = rows.filter((row, i) => row.filter((value) => value > (row[labels[i] ?? 0] ?? 0)).length < 2);
    for (const scores of [record.validation, record.test]) {
      t.true(Math.abs((scores?.f1 ?? -1) - f1) < 1e-12);
      t.true(Math.abs((scores?.recall ?? -1) - recall) < 1e-12);
      t.is(scores?.['top-2'], second.length / labels.length);
    }
  }
});

test('monitors decide on metrics: best checkpoint, early stopping, plateau and target; each adds its metric', async (t) => {
  const folder = await mkdtemp(join(tmpdir(), 'convoy-monitors-'));
  const out = join(folder, 'run');
  const run = await trained(
    {
      epochs: 4,
      monitor: 'validation.balanced-accuracy',
      schedule: { name: 'reduceOnPlateau', monitor: 'test.recall-weighted', threshold: 1, patience: 0 },
      target: { monitor: 'validation.f1', value: 0.01, stop: false },
    },
    { out },
  );
  const { history, summary } = run;
  t.deepEqual(Object.keys(history[0]?.validation ?? {}).sort(), [
    ...['accuracy', 'balanced-accuracy', 'f1', 'loss', 'recall-weighted'],
  ]);
  const values = history.map((record) => record.validation?.['balanced-accuracy'] ?? -1);
  const best = await readCheckpoint(join(out, 'checkpoints', 'best.ckpt'));
  t.is(best.epoch, values.indexOf(Math.max(...values)) + 1);
  // No recall exceeds twice the best one by enough: the rate falls after every epoch behind the first.
  const rates = history.map(({ learningRate }) => learningRate);
  t.true((rates[1] ?? 0) <= 0.05 && (rates[3] ?? 1) < (rates[1] ?? 0));
  t.deepEqual(summary.target, { monitor: 'validation.f1', value: 0.01, reached: true });
  t.deepEqual(await readHistory(out), JSON.parse(JSON.stringify(history)) as EpochRecord[]);
  t.regex(await readFile(join(out, 'metrics.jsonl'), 'utf8'), /"recall-weighted":/);
  await rm(folder, { recursive: true });
});

test('early stopping on a metric stops where it has not improved', async (t) => {
  const { history, summary } = await trained({
    epochs: 30,
    earlyStopping: { patience: 1, minDelta: 2, monitor: 'validation.auc' },
  });
  // No AUC is better than another by 2.
  t.is(history.length, 2);
  t.regex(summary.stopped ?? '', /^validation\.auc has not improved since epoch 1/);
});

test('a monitor that the run cannot have is refused before the first step', async (t) => {
  const refused = async (config: ConfigInput, message: RegExp): Promise<void> => {
    await t.throwsAsync(() => trained(config), { code: 'CONVOY_OPTION', message });
  };
  await refused({ monitor: 'validation.f2' as never }, /config\.monitor .*received "validation.f2"/);
  await refused({ monitor: 'f1' as never }, /did you mean validation\.f1\?/);
  await refused({ metrics: ['top-4'] }, /top-K with K of at most 3 \(the classes\) for metrics but received "top-4"/);
  await refused(
    { target: { accuracy: 0.5, monitor: 'test.f1', value: 1 } },
    /needs either accuracy, or monitor and value/,
  );
  const alone = { train, test: held };
  const options = { config: { ...small, monitor: 'validation.f1' } as const, model: tinyModel(), datasets: alone };
  await t.throwsAsync(() => new Trainer(options).train(), { message: /needs a validation split/ });
  const callbacks = [earlyStopping({ patience: 1, monitor: 'validation.auc' })];
  const inCode = { config: { ...small, epochs: 1 }, model: tinyModel(), datasets, callbacks };
  const { history } = await new Trainer(inCode).train();
  t.is(typeof history[0]?.validation?.auc, 'number', 'a callback in code adds its metric too');
});
