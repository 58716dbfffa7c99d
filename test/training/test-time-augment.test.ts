import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import test from 'ava';
import { evaluateRun } from '../../src/tools/index.js';
import { openRun, Trainer } from '../../src/training/index.js';
import { tinyDatasets, tinyModel } from '../support/tiny.js';

const side = 8;
const datasets = tinyDatasets(30, 12);
const { store, targets } = datasets.test;
const pixels = store.kind === 'pixels' ? [...store.pixels] : [];
const labels = targets.kind === 'classes' ? [...targets.labels] : [];
const images = labels.map((_, index) => pixels.slice(index * 64, (index + 1) * 64));
/** Every row the other way round, by hand. */
const mirrored = (image: readonly number[]): number[] =>
  image.map((_, place) => image[place - (place % side) + side - 1 - (place % side)] ?? 0);
const grid = (image: readonly number[]): number[][][] =>
  Array.from({ length: side }, (_, row) => image.slice(row * side, (row + 1) * side).map((value) => [value]));

test('evaluate and predict average the probabilities of the views', async (t) => {
  const folder = await mkdtemp(join(tmpdir(), 'convoy-views-'));
  const out = join(folder, 'run');
  const config = { epochs: 1, workers: 1, engine: 'eager', batchSize: 10, learningRate: 0.05 } as const;
  await new Trainer({ config, model: tinyModel(), datasets, out }).train();
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
    evaluateRun({ run: out, datasets, testTimeAugment, overrides: { workers: 1 }, onNote: (note) => notes.push(note) });
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
  await rm(folder, { recursive: true });
});
