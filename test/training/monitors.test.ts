import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import test from 'ava';
import { type EpochRecord, earlyStopping } from '../../src/callbacks/index.js';
import { type ConfigInput, resolveConfig } from '../../src/config/index.js';
import { readCheckpoint, readHistory } from '../../src/run/index.js';
import { Trainer } from '../../src/training/trainer.js';
import { wantedMetrics } from '../../src/training/wanted-metrics.js';
import type { Watcher } from '../../src/training/watcher.js';
import { tinyDatasets, tinyModel } from '../support/tiny.js';

const small = { workers: 1, learningRate: 0.05, batchSize: 10 } as const;
/** The validation split has the test split's samples. */
const { train, test: held } = tinyDatasets(30, 12);
const datasets = { train, test: held, validation: { ...held, split: 'validation' as const } };

async function trained(config: ConfigInput, more: { watchers?: readonly Watcher[]; out?: string } = {}) {
  return new Trainer({ config: { ...small, ...config }, model: tinyModel(), datasets, ...more }).train();
}

test('metrics are those of the outputs by definition, and monitors decide on them', async (t) => {
  const folder = await mkdtemp(join(tmpdir(), 'convoy-monitors-'));
  const out = join(folder, 'run');
  const outputs: Float32Array[] = [];
  const watcher: Watcher = {
    onOutputs: (dataset, values) => void (dataset.split === 'validation' && outputs.push(values.slice())),
  };
  const config: ConfigInput = {
    epochs: 4,
    metrics: ['f1', 'top-2'],
    monitor: 'validation.balanced-accuracy',
    schedule: { name: 'reduceOnPlateau', monitor: 'test.recall-weighted', threshold: 1, patience: 0 },
    target: { monitor: 'validation.f1', value: 0.01, stop: false },
  };
  const { history, summary } = await trained(config, { out, watchers: [watcher] });
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
    // The test split has the same samples.
    for (const scores of [record.validation, record.test]) {
      t.deepEqual(Object.keys(scores ?? {}).sort(), [
        ...['accuracy', 'balanced-accuracy', 'f1', 'loss', 'recall-weighted', 'top-2'],
      ]);
      t.true(Math.abs((scores?.f1 ?? -1) - f1) < 1e-12);
      t.true(Math.abs((scores?.['balanced-accuracy'] ?? -1) - recall) < 1e-12);
      t.is(scores?.['top-2'], second.length / labels.length);
    }
  }
  const values = history.map((record) => record.validation?.['balanced-accuracy'] ?? -1);
  const best = await readCheckpoint(join(out, 'checkpoints', 'best.ckpt'));
  t.is(best.epoch, values.indexOf(Math.max(...values)) + 1);
  // No recall is twice the best one before and more: the rate falls after every epoch behind the first.
  const rates = history.map(({ learningRate }) => learningRate);
  t.true((rates[1] ?? 0) <= 0.05 && (rates[3] ?? 1) < (rates[1] ?? 0));
  t.deepEqual(summary.target, { monitor: 'validation.f1', value: 0.01, reached: true });
  t.deepEqual(await readHistory(out), JSON.parse(JSON.stringify(history)) as EpochRecord[]);
  await rm(folder, { recursive: true });
});

test('early stopping on a metric, given in code, adds it and stops where it has not improved', async (t) => {
  const callbacks = [earlyStopping({ patience: 1, minDelta: 2, monitor: 'validation.auc' })];
  const config = { ...small, epochs: 30 };
  const { history, summary } = await new Trainer({ config, model: tinyModel(), datasets, callbacks }).train();
  // No AUC is better than another by 2.
  t.is(history.length, 2);
  t.regex(summary.stopped ?? '', /^validation\.auc has not improved since epoch 1/);
});

test('a monitor or metric that the run cannot have is refused with the name to give', (t) => {
  const resolved = (input: ConfigInput) => resolveConfig({ where: 'config', input });
  const unknown = (input: object, message: RegExp): void => void t.throws(() => resolved(input), { message });
  unknown({ monitor: 'validation.f2' }, /for config\.monitor but received "validation\.f2"/);
  unknown({ monitor: 'f1' }, /did you mean validation\.f1\?/);
  unknown({ metrics: ['roc_auc'] }, /did you mean auc\?/);
  unknown({ target: { accuracy: 0.5, monitor: 'test.f1', value: 1 } }, /needs either accuracy, or monitor and value/);
  unknown({ target: { monitor: 'test.f1' } }, /needs monitor and value together/);
  const spec = { loss: { name: 'crossEntropy' }, targets: 'classes', classes: 3 } as const;
  const wanted = (input: ConfigInput, other: object = {}, splits: object = datasets): unknown =>
    wantedMetrics(
      { config: resolved(input), datasets: splits, spec: { ...spec, ...other }, layout: { outputLength: 3 } } as never,
      [],
    );
  t.deepEqual(wanted({ monitor: 'test.f1', metrics: ['auc'] }), ['auc', 'f1']);
  t.throws(() => wanted({ metrics: ['top-4'] }), { message: /top-K with K of at most 3 \(the classes\) for metrics/ });
  t.throws(() => wanted({ monitor: 'validation.f1' }, {}, { train, test: held }), {
    message: /needs a validation split/,
  });
  const several = { targets: 'multi-label', loss: { name: 'binaryCrossEntropy' } };
  t.deepEqual(wanted({ metrics: ['f1'] }, several), ['f1']);
  t.throws(() => wanted({ metrics: ['balanced-accuracy'] }, several), { message: /needs a dataset of one class/ });
});
