import { cp, mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import test from 'ava';
import { crossValidate } from '../../src/experiments/index.js';
import { readHistory } from '../../src/run/index.js';
import { tinyDatasets, tinyModel } from '../support/tiny.js';

let folder: string;
test.before(async () => {
  folder = await mkdtemp(join(tmpdir(), 'convoy-folds-'));
});
test.after.always(() => rm(folder, { recursive: true }));

const datasets = tinyDatasets(23, 9);
const config = { epochs: 2, workers: 1, engine: 'eager', batchSize: 10, learningRate: 0.05, metrics: ['f1'] } as const;
const options = { config, folds: 2, datasets, model: tinyModel() };

test('a table with mean and sample standard deviation, and a prediction for each sample by a run that has not seen it', async (t) => {
  const out = join(folder, 'stopped');
  // Stopped after the first epoch of the first fold, and begun again.
  const stop = new AbortController();
  await t.throwsAsync(crossValidate({ ...options, out, signal: stop.signal, onEpoch: () => stop.abort() }), {
    code: 'CONVOY_ABORTED',
    message: 'Stopped in fold 1 of 2; the same command again goes on from here',
  });
  t.is((await readHistory(join(out, 'fold-1'))).length, 1);
  const epochs: number[] = [];
  const { folds, spread } = await crossValidate({ ...options, out, onEpoch: (_, fold) => void epochs.push(fold) });
  t.deepEqual(epochs, [1, 2, 2]);
  const [first = 0, second = 0] = folds.map(({ validation }) => validation.accuracy);
  const mean = (first + second) / 2;
  const deviation = Math.abs(first - second) / Math.sqrt(2);
  t.true(Math.abs((spread['validation.accuracy']?.mean ?? -1) - mean) < 1e-12);
  t.true(Math.abs((spread['validation.accuracy']?.deviation ?? -1) - deviation) < 1e-12);
  t.true('validation.f1' in spread && 'test.loss' in spread);

  const labels = datasets.train.targets.kind === 'classes' ? datasets.train.targets.labels : [];
  const [head = '', ...lines] = (await readFile(join(out, 'out-of-fold.csv'), 'utf8')).trimEnd().split('\n');
  t.is(head, 'sample,file,fold,class,predicted,p(top),p(middle),p(bottom)');
  const rows = lines.map((line) => line.split(','));
  t.deepEqual(
    rows.map(([sample]) => Number(sample)),
    Array.from({ length: 23 }, (_, index) => index),
  );
  t.deepEqual(
    rows.map(([, , , name]) => name),
    [...labels].map((label) => datasets.train.classes[label]),
  );
  for (const { fold, validation } of folds) {
    const own = rows.filter((row) => row[2] === String(fold));
    const right = own.filter(([, , , truth, predicted]) => truth === predicted).length;
    t.is(right / own.length, validation.accuracy, `fold ${fold}`);
  }

  // The first fold without a stop: the same table and predictions. What has ended is not trained again.
  const whole = join(folder, 'whole');
  await cp(out, whole, { recursive: true });
  await rm(join(whole, 'fold-1'), { recursive: true });
  epochs.length = 0;
  await crossValidate({ ...options, out: whole, onEpoch: (_, fold) => void epochs.push(fold) });
  t.deepEqual(epochs, [1, 1]);
  for (const file of ['cross-validation.json', 'out-of-fold.csv'])
    t.is(await readFile(join(out, file), 'utf8'), await readFile(join(whole, file), 'utf8'), file);

  await t.throwsAsync(crossValidate({ ...options, config: { ...config, learningRate: 0.1 }, out: whole }), {
    code: 'CONVOY_OPTION',
    message: /which has 0\.05 for config\.learningRate but received "0\.1"; give another --out/,
  });
});

test('a cross-validation that cannot be is refused', async (t) => {
  const out = join(folder, 'refused');
  await t.throwsAsync(crossValidate({ ...options, folds: 1, out }), { message: /at least 2 for folds/ });
  const split = { ...config, validationSplit: 0.1 };
  await t.throwsAsync(crossValidate({ ...options, config: split, out }), { message: /excludes validationSplit/ });
});
