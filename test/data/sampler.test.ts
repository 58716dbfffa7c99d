import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import test from 'ava';
import { z } from 'zod';
import type { Dataset } from '../../src/contracts/index.js';
import {
  batches,
  cumulativeWeights,
  epochOrder,
  holdOutFold,
  openDataset,
  sampleWeights,
  shards,
  stratifiedFolds,
  weightedOrder,
} from '../../src/data/index.js';
import { selectSamples } from '../../src/data/split.js';
import { tinyDatasets } from '../support/tiny.js';

/** Made by `test/fixtures/folds.py`. */
const foldCases = z
  .array(z.object({ labels: z.array(z.number()), folds: z.number(), counts: z.array(z.array(z.number())) }))
  .parse(JSON.parse(await readFile('test/fixtures/folds.json', 'utf8')));

test('shards are contiguous, differ by at most one sample and put the larger ones first', (t) => {
  // Literal tables, in the manner of accelerate's sharding tests.
  const table: [batchCount: number, shardCount: number, ranges: [number, number][]][] = [
    [8, 1, [[0, 8]]],
    [
      8,
      2,
      [
        [0, 4],
        [4, 8],
      ],
    ],
    [
      8,
      4,
      [
        [0, 2],
        [2, 4],
        [4, 6],
        [6, 8],
      ],
    ],
    [
      7,
      2,
      [
        [0, 4],
        [4, 7],
      ],
    ],
    [
      9,
      4,
      [
        [0, 3],
        [3, 5],
        [5, 7],
        [7, 9],
      ],
    ],
    [
      10,
      4,
      [
        [0, 3],
        [3, 6],
        [6, 8],
        [8, 10],
      ],
    ],
    [
      11,
      4,
      [
        [0, 3],
        [3, 6],
        [6, 9],
        [9, 11],
      ],
    ],
    [
      3,
      4,
      [
        [0, 1],
        [1, 2],
        [2, 3],
        [3, 3],
      ],
    ],
    [
      1,
      3,
      [
        [0, 1],
        [1, 1],
        [1, 1],
      ],
    ],
    [
      0,
      2,
      [
        [0, 0],
        [0, 0],
      ],
    ],
  ];
  for (const [batchCount, shardCount, ranges] of table) {
    const expected = ranges.map(([begin, end]) => ({ begin, end }));
    t.deepEqual(shards(batchCount, shardCount), expected, `${batchCount} samples in ${shardCount} shards`);
  }
});

test('batches hold every sample once, in order, the last one smaller', (t) => {
  const order = Uint32Array.of(6, 0, 3, 1, 5, 2, 4);
  const cut = [...batches(order, 3)].map(({ position, samples }) => [position, ...samples]);
  t.deepEqual(cut, [
    [0, 6, 0, 3],
    [3, 1, 5, 2],
    [6, 4],
  ]);
});

test('batches from a position are the rest of the epoch', (t) => {
  const order = Uint32Array.of(6, 0, 3, 1, 5, 2, 4);
  t.deepEqual([...batches(order, 3, 3)], [...batches(order, 3)].slice(1));
  t.deepEqual([...batches(order, 3, 7)], []);
});

test('a batch size of zero is refused instead of looping forever', (t) => {
  t.throws(() => [...batches(Uint32Array.of(1), 0)], {
    code: 'CONVOY_OPTION',
    message: /positive integer for batchSize/,
  });
});

test('an epoch order is a permutation that depends on seed and epoch alone', (t) => {
  const order = epochOrder(7, 2, 1000);
  t.deepEqual(
    [...order].sort((a, b) => a - b),
    Array.from({ length: 1000 }, (_, index) => index),
  );
  t.deepEqual(epochOrder(7, 2, 1000), order);
  t.notDeepEqual(epochOrder(7, 3, 1000), order);
  t.notDeepEqual(epochOrder(8, 2, 1000), order);
});

test('a weighted order draws each sample by its share of the weights, by seed and epoch alone', (t) => {
  const weights = [1, 0, 2, 0, 5, 0];
  const count = 30_000;
  const cumulative = cumulativeWeights(Array.from({ length: count }, (_, index) => weights[index % 6] as number));
  const order = weightedOrder(7, 2, cumulative);
  t.is(order.length, count, 'the length of an epoch stays');
  const drawn = [0, 0, 0, 0, 0, 0];
  for (const sample of order) drawn[sample % 6] = (drawn[sample % 6] ?? 0) + 1;
  for (const [kind, weight] of weights.entries()) {
    const share = weight / 8;
    // Five standard deviations of a binomial count; none at all of weight 0.
    const bound = 5 * Math.sqrt(count * share * (1 - share));
    t.true(Math.abs((drawn[kind] ?? 0) - count * share) <= bound, `${drawn[kind]} of weight ${weight}`);
  }
  // With replacement: the 5,000 samples of weight 5 are drawn 3.75 times on average, so not all once.
  t.true(new Set(order).size < count / 2);
  t.deepEqual(weightedOrder(7, 2, cumulative), order);
  t.notDeepEqual(weightedOrder(7, 3, cumulative), order);
  t.notDeepEqual(weightedOrder(8, 2, cumulative), order);
});

test('a sample of weight 0 is never drawn, at the ends neither', (t) => {
  for (let epoch = 0; epoch < 50; epoch++)
    t.deepEqual([...weightedOrder(1, epoch, cumulativeWeights([0, 1e-300, 0]))], [1, 1, 1]);
});

test('an epoch order without shuffling is the identity', (t) => {
  t.deepEqual(epochOrder(7, 2, 4, false), Uint32Array.of(0, 1, 2, 3));
});

let folder: string;
test.before(async () => {
  folder = await mkdtemp(join(tmpdir(), 'convoy-weights-'));
});
test.after.always(() => rm(folder, { recursive: true }));

/** Labels 0, 1, 2, 0. */
const { train } = tinyDatasets(4);
const files: Dataset = {
  ...train,
  store: { kind: 'files', root: '/', paths: ['a/1.png', 'b,c/2.png', 'a/3.png', 'd.png'] },
};

/** The same, decoded into memory: a selection of a larger set that keeps the names. */
const { train: more } = tinyDatasets(5);
const pixels = more.store.kind === 'pixels' ? more.store.pixels : new Uint8Array(new SharedArrayBuffer(0));
const named = { kind: 'pixels', pixels, names: ['e.png', 'a/1.png', 'b,c/2.png', 'a/3.png', 'd.png'] } as const;
const decoded = selectSamples({ ...more, store: named }, Uint32Array.of(1, 2, 3, 4), 'train');

async function file(name: string, content: string): Promise<string> {
  const path = join(folder, name);
  await writeFile(path, content);
  return path;
}

test('balanced: the weights of each class sum to the same', async (t) => {
  t.deepEqual([...(await sampleWeights({ name: 'balanced' }, train)).weights], [0.5, 1, 1, 0.5]);
});

test('weighted: a weight a class, or a file with a weight a sample in any of its forms', async (t) => {
  const ofClasses = await sampleWeights({ name: 'weighted', classWeights: [3, 0, 1] }, train);
  t.deepEqual([...ofClasses.weights], [3, 0, 1, 3]);
  const forms: readonly [name: string, content: string, dataset: Dataset][] = [
    ['lines.txt', '1\n0.5\r\n0\n2e1\n', train],
    ['list.json', '[1, 0.5, 0, 20]', train],
    ['paths.csv', 'd.png,20\nother.png,7\nb,c/2.png, 0.5\na/3.png,0\na/1.png,1\n', files],
    ['decoded.csv', 'd.png,20\nother.png,7\nb,c/2.png, 0.5\na/3.png,0\na/1.png,1\n', decoded],
  ];
  for (const [name, content, dataset] of forms) {
    const { weights } = await sampleWeights({ name: 'weighted', file: await file(name, content) }, dataset);
    t.deepEqual([...weights], [1, 0.5, 0, 20], name);
  }
});

test('weights that do not fit, or are not those that a run began with, are refused', async (t) => {
  const refused = async (content: string, message: RegExp, dataset = train, sha256?: string): Promise<void> => {
    const path = await file('wrong.txt', content);
    const spec = { name: 'weighted', file: path, ...(sha256 && { sha256 }) } as const;
    await t.throwsAsync(() => sampleWeights(spec, dataset), { name: 'ConvoyError', message });
  };
  await refused('1\n2\n', /wrong\.txt: expected a weight for each of the 4 training samples of tiny but found 2/);
  await refused('1\n2\nx\n4', /weight 3: expected a number of at least 0/);
  await refused('1\n-2\n3\n4', /weight 2: expected/);
  await refused('0\n0\n0\n0', /expected a weight above 0 but found none/);
  await refused('[1, 2', /a JSON list of numbers/);
  await refused('a/1.png,1\n', /needs a dataset of image files; tiny takes a number a line/);
  await refused('a/1.png,1\n', /b,c\/2\.png: expected a line with its weight/, files);
  await refused('a/1.png,1\n2\n', /lines of one form/, files);
  const { sha256 } = await sampleWeights({ name: 'weighted', file: await file('one.txt', '1\n2\n3\n4') }, train);
  await refused('1\n2\n3\n5', /the weights that the run began with/, train, sha256);
  await t.throwsAsync(() => sampleWeights({ name: 'weighted', classWeights: [1, 2] }, train), { message: /3 numbers/ });
  await t.throwsAsync(() => sampleWeights({ name: 'weighted', file: join(folder, 'none') }, train), {
    code: 'CONVOY_DATA',
  });
});

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
