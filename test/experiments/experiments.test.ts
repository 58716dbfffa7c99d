/** Several trainings that belong together. `CONVOY_EXPERIMENTS=1` compares those that were stopped with whole ones. */
import { cp, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import test from 'ava';
import { crossValidate, readSweepFile, sweep } from '../../src/experiments/index.js';
import { readHistory } from '../../src/run/index.js';
import { evaluateRun } from '../../src/tools/index.js';
import { openRun, Trainer } from '../../src/training/index.js';
import { tinyDatasets, tinyModel } from '../support/tiny.js';

const experiments = process.env['CONVOY_EXPERIMENTS'] === undefined ? test.skip : test.serial;
const tiny = { workers: 1, learningRate: 0.05, batchSize: 10 } as const;

let folder: string;
test.before(async () => {
  folder = await mkdtemp(join(tmpdir(), 'convoy-experiments-'));
});
test.after.always(() => rm(folder, { recursive: true }));

const sweepOptions = {
  config: { epochs: 2, workers: 1, batchSize: 10, monitor: 'test.f1' },
  space: { grid: { learningRate: [0.05, 1e30] } },
  halving: { epochs: 1, factor: 2 },
  datasets: tinyDatasets(20, 9),
} as const;

test.serial('a sweep that was stopped goes on from checkpoints, and leaves trials that diverged behind', async (t) => {
  const model = tinyModel();
  const out = join(folder, 'stopped');
  const stop = new AbortController();
  await t.throwsAsync(sweep({ ...sweepOptions, model, out, signal: stop.signal, onEpoch: () => stop.abort() }), {
    code: 'CONVOY_ABORTED',
    message: 'Stopped in trial 2 of 2; the same command again goes on from here',
  });
  const trained: string[] = [];
  const onEpoch = ({ epoch }: { epoch: number }, trial: number): void => void trained.push(`${trial}@${epoch}`);
  const { monitor, trials } = await sweep({ ...sweepOptions, model, out, onEpoch });
  // Trial 1 goes on from its checkpoint; trial 2 diverges within its first epoch.
  t.deepEqual(trained, ['1@2']);
  t.is(monitor, 'test.f1');
  t.deepEqual(
    trials.map(({ trial, parameters, epochs }) => [trial, parameters['learningRate'], epochs]),
    [
      [1, 0.05, 2],
      [2, 1e30, 0],
    ],
  );
  t.regex(trials[1]?.failed ?? '', /finite/);
  t.is(trials[1]?.score, null);
  const lines = (await readFile(join(out, 'trial-1', 'metrics.jsonl'), 'utf8')).trimEnd().split('\n');
  t.is(trials[0]?.score, (JSON.parse(lines[1] ?? '{}') as { test: { f1: number } }).test.f1);

  await t.throwsAsync(sweep({ ...sweepOptions, model, out, space: { grid: { learningRate: [0.05] } } }), {
    code: 'CONVOY_OPTION',
    message: /the plan of .*plan\.json.* for parameters but received/,
  });
});

experiments('a sweep that was stopped gives the same table and chart as one without a stop', async (t) => {
  const model = tinyModel();
  const out = join(folder, 'stopped');
  const trained: string[] = [];
  const onEpoch = ({ epoch }: { epoch: number }, trial: number): void => void trained.push(`${trial}@${epoch}`);
  // Trial 1 from its beginning.
  const whole = join(folder, 'whole');
  await cp(out, whole, { recursive: true });
  await rm(join(whole, 'trial-1'), { recursive: true });
  await rm(join(whole, 'sweep.json'));
  await sweep({ ...sweepOptions, model, out: whole, onEpoch });
  t.deepEqual(trained, ['1@1', '1@2']);
  // Names of the chart's styles are counted over the process.
  const text = async (place: string, file: string): Promise<string> =>
    (await readFile(join(place, file), 'utf8')).replace(/zr\d+-(cls-|c)\d+/g, '');
  for (const file of ['sweep.json', 'sweep.svg']) t.is(await text(whole, file), await text(out, file), file);
});

test('configurations of trials are checked before the first trains', async (t) => {
  const out = join(folder, 'wrong');
  const space = { grid: { optimizer: ['sgd', 'adan'] } };
  await t.throwsAsync(sweep({ ...sweepOptions, space, out }), {
    code: 'CONVOY_OPTION',
    message: /for trial 2\.optimizer\.name but received "adan"; did you mean adam/,
  });
  await t.throwsAsync(sweep({ ...sweepOptions, space: { grid: { epochs: [1, 2] } }, out }), {
    message: /the same epochs/,
  });
});

test('a file that describes a sweep is checked', async (t) => {
  const file = join(folder, 'search.json');
  await writeFile(file, JSON.stringify({ recipe: 'shapes', grid: { lr: [1] }, halving: {} }));
  t.like(await readSweepFile(file), { recipe: 'shapes', grid: { lr: [1] }, halving: { epochs: 1, factor: 3 } });
  await writeFile(file, JSON.stringify({ grids: { lr: [1] } }));
  await t.throwsAsync(readSweepFile(file), { code: 'CONVOY_OPTION', message: /"grids" of .*; did you mean grid\?/ });
  await writeFile(file, '{');
  await t.throwsAsync(readSweepFile(file), { code: 'CONVOY_OPTION', message: /expected a search space in JSON/ });
});

const foldDatasets = tinyDatasets(23, 9);
const foldConfig = {
  epochs: 2,
  workers: 1,
  batchSize: 10,
  learningRate: 0.05,
  metrics: ['f1'],
} as const;
const foldOptions = { config: foldConfig, folds: 2, datasets: foldDatasets, model: tinyModel() };

experiments(
  'a table with mean and sample standard deviation, and a prediction for each sample by a run that has not seen it',
  async (t) => {
    const out = join(folder, 'folds-stopped');
    // Stopped after the first epoch of the first fold, and begun again.
    const stop = new AbortController();
    await t.throwsAsync(crossValidate({ ...foldOptions, out, signal: stop.signal, onEpoch: () => stop.abort() }), {
      code: 'CONVOY_ABORTED',
      message: 'Stopped in fold 1 of 2; the same command again goes on from here',
    });
    t.is((await readHistory(join(out, 'fold-1'))).length, 1);
    const epochs: number[] = [];
    const { folds, spread } = await crossValidate({
      ...foldOptions,
      out,
      onEpoch: (_, fold) => void epochs.push(fold),
    });
    t.deepEqual(epochs, [1, 2, 2]);
    const [first = 0, second = 0] = folds.map(({ validation }) => validation.accuracy);
    const mean = (first + second) / 2;
    const deviation = Math.abs(first - second) / Math.sqrt(2);
    t.true(Math.abs((spread['validation.accuracy']?.mean ?? -1) - mean) < 1e-12);
    t.true(Math.abs((spread['validation.accuracy']?.deviation ?? -1) - deviation) < 1e-12);
    t.true('validation.f1' in spread && 'test.loss' in spread);

    const labels = foldDatasets.train.targets.kind === 'classes' ? foldDatasets.train.targets.labels : [];
    const [head = '', ...lines] = (await readFile(join(out, 'out-of-fold.csv'), 'utf8')).trimEnd().split('\n');
    t.is(head, 'sample,file,fold,class,predicted,p(top),p(middle),p(bottom)');
    const rows = lines.map((line) => line.split(','));
    t.deepEqual(
      rows.map(([sample]) => Number(sample)),
      Array.from({ length: 23 }, (_, index) => index),
    );
    t.deepEqual(
      rows.map(([, , , name]) => name),
      [...labels].map((label) => foldDatasets.train.classes[label]),
    );
    for (const { fold, validation } of folds) {
      const own = rows.filter((row) => row[2] === String(fold));
      const right = own.filter(([, , , truth, predicted]) => truth === predicted).length;
      t.is(right / own.length, validation.accuracy, `fold ${fold}`);
    }

    // The first fold without a stop: the same table and predictions. What has ended is not trained again.
    const whole = join(folder, 'folds-whole');
    await cp(out, whole, { recursive: true });
    await rm(join(whole, 'fold-1'), { recursive: true });
    epochs.length = 0;
    await crossValidate({ ...foldOptions, out: whole, onEpoch: (_, fold) => void epochs.push(fold) });
    t.deepEqual(epochs, [1, 1]);
    for (const file of ['cross-validation.json', 'out-of-fold.csv'])
      t.is(await readFile(join(out, file), 'utf8'), await readFile(join(whole, file), 'utf8'), file);

    await t.throwsAsync(crossValidate({ ...foldOptions, config: { ...foldConfig, learningRate: 0.1 }, out: whole }), {
      code: 'CONVOY_OPTION',
      message: /which has 0\.05 for config\.learningRate but received "0\.1"; give another --out/,
    });
  },
);

test('a cross-validation that cannot be is refused', async (t) => {
  const out = join(folder, 'refused');
  await t.throwsAsync(crossValidate({ ...foldOptions, folds: 1, out }), { message: /at least 2 for folds/ });
  const split = { ...foldConfig, validationSplit: 0.1 };
  await t.throwsAsync(crossValidate({ ...foldOptions, config: split, out }), { message: /excludes validationSplit/ });
});

const side = 8;
const viewed = tinyDatasets(30, 12);
const { store, targets } = viewed.test;
const pixels = store.kind === 'pixels' ? [...store.pixels] : [];
const labels = targets.kind === 'classes' ? [...targets.labels] : [];
const images = labels.map((_, index) => pixels.slice(index * 64, (index + 1) * 64));
/** Every row the other way round, by hand. */
const mirrored = (image: readonly number[]): number[] =>
  image.map((_, place) => image[place - (place % side) + side - 1 - (place % side)] ?? 0);
const grid = (image: readonly number[]): number[][][] =>
  Array.from({ length: side }, (_, row) => image.slice(row * side, (row + 1) * side).map((value) => [value]));

experiments('evaluate and predict average the probabilities of the views', async (t) => {
  const out = join(folder, 'views');
  const config = { epochs: 1, workers: 1, batchSize: 10, learningRate: 0.05 } as const;
  await new Trainer({ config, model: tinyModel(), datasets: viewed, out }).train();
  const run = await openRun(out);
  const plain = await run.predict(images.map(grid));
  const flipped = await run.predict(images.map((image) => grid(mirrored(image))));
  const means = plain.map(({ probabilities }, index) =>
    probabilities.map((share, label) => (share + (flipped[index]?.probabilities[label] ?? 0)) / 2),
  );
  t.notDeepEqual(plain[0]?.probabilities, flipped[0]?.probabilities);

  const notes: string[] = [];
  const predicted = await run.predict(images.map(grid), { testTimeAugment: 'flip' });
  const close = (found: number | undefined, expected: number, what: string): void =>
    void t.true(Math.abs((found ?? Number.NaN) - expected) < 1e-6, `${what}: ${found} and ${expected}`);
  for (const [index, row] of means.entries())
    for (const [label, mean] of row.entries()) close(predicted[index]?.probabilities[label], mean, `image ${index}`);

  const evaluate = (testTimeAugment: 'flip' | 'ten-crop') =>
    evaluateRun({
      run: out,
      datasets: viewed,
      testTimeAugment,
      overrides: { workers: 1 },
      onNote: (note) => notes.push(note),
    });
  const { metrics } = await evaluate('flip');
  const right = means.filter((row, index) => row.indexOf(Math.max(...row)) === labels[index]).length;
  t.is(metrics.accuracy, right / labels.length);
  const logLoss = means.reduce((sum, row, index) => sum - Math.log(row[labels[index] ?? 0] ?? 0), 0) / labels.length;
  close(metrics.logLoss, logLoss, 'log loss');

  // Both ways cut the crops from the same resized image.
  const tenCrop = await run.predict(images.map(grid), { testTimeAugment: 'ten-crop' });
  const ten = await evaluate('ten-crop');
  const tenLoss = tenCrop.reduce((sum, { probabilities }, i) => sum - Math.log(probabilities[labels[i] ?? 0] ?? 0), 0);
  close(ten.metrics.logLoss, tenLoss / labels.length, 'log loss of ten crops');
  t.deepEqual(
    notes.filter((note) => note.startsWith('mean')),
    [
      'mean probabilities of 2 views an image: the image and its mirror image',
      'mean probabilities of 10 views an image: corners and centre of the image at 10x10, and their mirror images',
    ],
  );
  await t.throwsAsync(() => run.predict(images.map(grid), { testTimeAugment: 'flips' as never }), {
    message: /one of flip, five-crop, ten-crop for testTimeAugment but received "flips"; did you mean flip\?/,
  });
});

experiments(
  'a weighted order gives the same bits to a run that was stopped and goes on with other workers',
  async (t) => {
    const out = join(folder, 'sampler');
    const model = tinyModel();
    const config = { ...tiny, epochs: 2, shards: 2, sampler: { name: 'balanced' } } as const;
    const whole = await new Trainer({ config, model, datasets: tinyDatasets(30) }).train();
    const stop = new AbortController();
    let steps = 0;
    const watchers = [{ onStep: () => void (++steps === 4 && stop.abort()) }];
    const stopped = new Trainer({ config, model, datasets: tinyDatasets(30), out, watchers, signal: stop.signal });
    await t.throwsAsync(() => stopped.train(), { code: 'CONVOY_ABORTED', message: /epoch 2 after step 4/ });
    const resumed = await new Trainer({
      resume: out,
      config: { workers: 2 },
      model,
      datasets: tinyDatasets(30),
    }).train();
    t.is(resumed.summary.weightsSha256, whole.summary.weightsSha256);
  },
);
