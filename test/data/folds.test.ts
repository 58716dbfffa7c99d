import { readFile } from 'node:fs/promises';
import test from 'ava';
import { z } from 'zod';
import { holdOutFold, openDataset, stratifiedFolds } from '../../src/data/index.js';
import { tinyDatasets } from '../support/tiny-data.js';

/** Made by `test/fixtures/folds.py`. */
const foldCases = z
  .array(z.object({ labels: z.array(z.number()), folds: z.number(), counts: z.array(z.array(z.number())) }))
  .parse(JSON.parse(await readFile('test/fixtures/folds.json', 'utf8')));

/** Labels 0, 1, 2, 0. */
const { train } = tinyDatasets(4);

test("each fold has as many samples of each class as scikit-learn's StratifiedKFold gives it", (t) => {
  for (const { labels, folds, counts } of foldCases) {
    const classes = counts[0]?.length ?? 0;
    for (const seed of [0, 5]) {
      const found = Array.from({ length: folds }, () => new Array<number>(classes).fill(0));
      for (const [sample, fold] of stratifiedFolds(labels, folds, seed).entries()) {
        const row = found[fold] as number[];
        const label = labels[sample] as number;
        row[label] = (row[label] ?? 0) + 1;
      }
      t.deepEqual(found, counts, `${labels.length} samples in ${folds} folds`);
    }
  }
});

test('which samples are in which fold depends on the seed alone, and is drawn', (t) => {
  const labels = Array.from({ length: 60 }, (_, index) => index % 3);
  t.deepEqual(stratifiedFolds(labels, 4, 1), stratifiedFolds(labels, 4, 1));
  t.notDeepEqual(stratifiedFolds(labels, 4, 1), stratifiedFolds(labels, 4, 2));
  // Dealt in file order the first samples would be in the folds in turn.
  t.notDeepEqual([...stratifiedFolds(labels, 4, 1).subarray(0, 12)], [0, 0, 0, 1, 1, 1, 2, 2, 2, 3, 3, 3]);
});

test('folds are disjoint, and together all training samples', async (t) => {
  const options = { name: 'shapes', seed: 3, limit: 97, testLimit: 20 } as const;
  const { train: all } = await openDataset(options);
  const seen: number[] = [];
  for (const index of [1, 2, 3]) {
    const opened = await openDataset({ ...options, fold: { index, of: 3 } });
    const { train, validation, validationIndices: places = new Uint32Array() } = opened;
    t.is(train.count + (validation?.count ?? 0), all.count);
    t.is(validation?.count, places.length);
    const pixels = all.store.kind === 'pixels' ? all.store.pixels : new Uint8Array();
    const own = validation?.store.kind === 'pixels' ? validation.store.pixels : new Uint8Array();
    const size = pixels.length / all.count;
    for (const [at, place] of places.entries()) {
      const [held, whole] = [own.slice(at * size, (at + 1) * size), pixels.slice(place * size, (place + 1) * size)];
      t.deepEqual(held, whole);
    }
    seen.push(...places);
  }
  t.deepEqual(
    seen.sort((a, b) => a - b),
    Array.from({ length: all.count }, (_, index) => index),
  );
});

test('folds that cannot be are refused', async (t) => {
  t.throws(() => holdOutFold(train, { index: 1, of: 5 }, 0), {
    code: 'CONVOY_DATA',
    message: 'Expected at least 5 training samples for 5 folds of tiny but found 4',
  });
  const wrong = openDataset({ name: 'shapes', seed: 0, fold: { index: 4, of: 3 } });
  await t.throwsAsync(wrong, { code: 'CONVOY_OPTION', message: /an index from 1 to the number of folds/ });
});
