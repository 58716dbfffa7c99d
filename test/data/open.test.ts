import { mkdir, readdir, readFile, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { gzipSync } from 'node:zlib';
import test from 'ava';
import type { Dataset } from '../../src/contracts/index.js';
import { catalog, datasetInfo, describeDatasets, type OpenOptions, openDataset } from '../../src/data/index.js';
import { temporaryFolder, writeTree } from '../fixtures/data/files.js';

const { folder, remove } = await temporaryFolder();
process.env['CONVOY_CACHE'] = path.join(folder, 'cache');
delete process.env['CONVOY_DATA'];
test.after.always(remove);

/** An IDX file of `count` images of 28x28, image i all of level i; or of labels i modulo 10. */
function idx(kind: 'images' | 'labels', count: number): Buffer {
  const sizes = kind === 'images' ? [count, 28, 28] : [count];
  const header = Buffer.from([0, 0, 8, sizes.length, ...sizes.flatMap((size) => [0, 0, size >> 8, size & 255])]);
  const bytes = Array.from({ length: count }, (_, i) => (kind === 'images' ? Buffer.alloc(784, i) : Buffer.of(i % 10)));
  return Buffer.concat([header, ...bytes]);
}

function mnistFiles(train = 40, tested = 10): Record<string, Buffer> {
  return {
    'train-images-idx3-ubyte.gz': gzipSync(idx('images', train)),
    'train-labels-idx1-ubyte': idx('labels', train),
    't10k-images.idx3-ubyte': idx('images', tested),
    't10k-labels-idx1-ubyte.gz': gzipSync(idx('labels', tested)),
  };
}

const firstLevels = ({ store, count }: Dataset): number[] => {
  if (store.kind !== 'pixels') throw new Error('expected pixels');
  return Array.from({ length: count }, (_, image) => store.pixels[image * 784] ?? -1);
};
const labels = ({ targets }: Dataset): number[] => (targets.kind === 'classes' ? [...targets.labels] : []);
const quiet = { seed: 1, download: false };

test.serial('MNIST is found in the data folder, or in its own folder there, or in $CONVOY_DATA', async (t) => {
  const bare = await writeTree(path.join(folder, 'bare'), mnistFiles());
  const nested = path.join(folder, 'nested');
  await writeTree(path.join(nested, 'mnist'), mnistFiles());
  for (const dataDir of [bare, nested]) {
    const { train, test: tested } = await openDataset({ name: 'mnist', dataDir, ...quiet });
    t.deepEqual([train.count, tested.count], [40, 10]);
    t.deepEqual(train.shape, { height: 28, width: 28, channels: 1 });
    t.deepEqual(labels(tested), [0, 1, 2, 3, 4, 5, 6, 7, 8, 9]);
  }
  process.env['CONVOY_DATA'] = nested;
  t.is((await openDataset({ name: 'mnist', ...quiet })).train.count, 40);
  t.like(await datasetInfo('mnist'), { state: 'found', path: path.join(nested, 'mnist'), downloadBytes: 0 });
  delete process.env['CONVOY_DATA'];
});

test.serial('the folder of one dataset is not taken for another with the same file names', async (t) => {
  const fashion = await writeTree(path.join(folder, 'fashion-mnist'), mnistFiles());
  await t.throwsAsync(openDataset({ name: 'mnist', dataDir: fashion, ...quiet }), {
    code: 'CONVOY_DATA',
    message: /found it nowhere/,
  });
  t.is((await openDataset({ name: 'fashion-mnist', dataDir: fashion, ...quiet })).train.count, 40);
});

test.serial('a dataset that is nowhere: every place, what was missing, and what to do', async (t) => {
  const dataDir = path.join(folder, 'partly');
  const { ['t10k-labels-idx1-ubyte.gz']: _, ...files } = mnistFiles();
  await writeTree(dataDir, files);
  const told = async (options: Pick<OpenOptions, 'dataDir'>): Promise<string> => {
    const error = await t.throwsAsync(openDataset({ name: 'mnist', ...options, ...quiet }), { code: 'CONVOY_DATA' });
    return error?.message ?? '';
  };
  const named = await told({ dataDir });
  t.true(named.includes(`${dataDir} (--data-dir): no t10k-labels-idx1-ubyte`), named);
  t.regex(named, /Without --data-dir other places are looked at/);
  t.notRegex(named, /the cache/);
  process.env['CONVOY_DATA'] = dataDir;
  const message = await told({});
  delete process.env['CONVOY_DATA'];
  t.true(message.includes(`${dataDir} ($CONVOY_DATA): no t10k-labels-idx1-ubyte`), message);
  t.regex(message, /\/usr\/share\/datasets\/mnist \(Debian's package dataset-mnist\): no such folder/);
  t.regex(message, /cache.datasets.mnist \(the cache\): no such folder/);
  t.regex(message, /--data-dir or \$CONVOY_DATA/);
  t.regex(message, /https:\/\/storage\.googleapis\.com\/cvdf-datasets\/mnist\/train-images-idx3-ubyte\.gz/);
});

test.serial('a folder that is named is the only one looked at: no other copy takes its place', async (t) => {
  const whole = await writeTree(path.join(folder, 'whole'), mnistFiles());
  process.env['CONVOY_DATA'] = whole;
  t.is((await openDataset({ name: 'mnist', ...quiet })).train.count, 40);
  for (const missing of Object.keys(mnistFiles())) {
    const { [missing]: _, ...files } = mnistFiles();
    const dataDir = await writeTree(path.join(folder, `without ${missing}`), files);
    await t.throwsAsync(openDataset({ name: 'mnist', dataDir, ...quiet }), {
      code: 'CONVOY_DATA',
      message: new RegExp(`no ${missing.replace('.idx', '-idx').replace('.gz', '')}`),
    });
  }
  await t.throwsAsync(openDataset({ name: 'mnist', dataDir: path.join(folder, 'absent'), seed: 1 }), {
    code: 'CONVOY_DATA',
    message: /absent \(--data-dir\): no such folder/,
  });
  delete process.env['CONVOY_DATA'];
});

test.serial('the list tells of every dataset whether it is there', async (t) => {
  const list = await describeDatasets(path.join(folder, 'bare'));
  t.deepEqual(
    list.map(({ entry, state }) => [entry.name, state]),
    [
      ['shapes', 'drawn'],
      ['shapes-scenes', 'drawn'],
      ['digits-scenes', 'drawn'],
      ['mnist', 'found'],
      ['fashion-mnist', 'found'],
      ['cifar10', 'missing'],
      ['cifar100', 'missing'],
    ],
  );
  t.is(list[5]?.downloadBytes, 170_052_171);
});

test.serial('a limit keeps the first samples, and more than there are is refused', async (t) => {
  const options = { name: 'mnist', dataDir: path.join(folder, 'bare'), ...quiet };
  const { train, test: tested } = await openDataset({ ...options, limit: 3 });
  t.deepEqual([firstLevels(train), labels(train), tested.count], [[0, 1, 2], [0, 1, 2], 10]);
  await t.throwsAsync(openDataset({ ...options, limit: 41 }), {
    code: 'CONVOY_OPTION',
    message: 'Expected at most 40 (the train samples of mnist) for --limit but received 41',
  });
});

test.serial('a test limit keeps the first test samples and all training samples', async (t) => {
  const options = {
    name: 'mnist',
    dataDir: await writeTree(path.join(folder, 'test-limited'), mnistFiles()),
    ...quiet,
  };
  const whole = await openDataset(options);
  const { train, test: tested } = await openDataset({ ...options, testLimit: 2 });
  t.deepEqual([train.count, tested.count], [whole.train.count, 2]);
  const labels = (dataset: typeof tested) => (dataset.targets.kind === 'classes' ? [...dataset.targets.labels] : []);
  t.deepEqual(labels(tested), labels(whole.test).slice(0, 2));
  await t.throwsAsync(openDataset({ ...options, testLimit: whole.test.count + 1 }), {
    code: 'CONVOY_OPTION',
    message: `Expected at most ${whole.test.count} (the test samples of mnist) for --test-limit but received ${whole.test.count + 1}`,
  });
});

test.serial('some classes of a dataset, before the limit, in every split', async (t) => {
  const options = { name: 'mnist', dataDir: path.join(folder, 'bare'), ...quiet };
  const { train, test: tested } = await openDataset({ ...options, classes: ['7', 2], limit: 5 });
  t.deepEqual(
    [train.classes, tested.classes],
    [
      ['7', '2'],
      ['7', '2'],
    ],
  );
  t.deepEqual(
    [firstLevels(train), labels(train)],
    [
      [2, 7, 12, 17, 22],
      [1, 0, 1, 0, 1],
    ],
  );
  t.deepEqual(
    [firstLevels(tested), labels(tested)],
    [
      [2, 7],
      [1, 0],
    ],
  );
  await t.throwsAsync(openDataset({ ...options, classes: ['7', 'seven'] }), {
    code: 'CONVOY_OPTION',
    message: /for --classes but received "seven"/,
  });
});

test.serial('a validation split takes its share of each class out of the training samples', async (t) => {
  const options = {
    name: 'mnist',
    dataDir: path.join(folder, 'bare'),
    seed: 5,
    download: false,
    validationSplit: 0.25,
  };
  const { train, validation } = await openDataset(options);
  if (validation === undefined) return t.fail('expected a validation split');
  // Forty samples, four of each class: a quarter is one of each.
  t.deepEqual(labels(validation).sort(), [0, 1, 2, 3, 4, 5, 6, 7, 8, 9]);
  t.deepEqual(
    [...firstLevels(train), ...firstLevels(validation)].sort((a, b) => a - b),
    Array.from({ length: 40 }, (_, i) => i),
  );
  t.deepEqual(
    firstLevels(train).map((level) => level % 10),
    labels(train),
  );
  t.is((await openDataset(options)).validation?.fingerprint, validation.fingerprint);
  t.not((await openDataset({ ...options, seed: 6 })).validation?.fingerprint, validation.fingerprint);
});

const wrongOptions: readonly [what: string, options: OpenOptions, message: RegExp][] = [
  ['a limit of zero', { name: 'shapes', seed: 1, limit: 0 }, /^Expected a positive integer for limit but received 0$/],
  ['a seed that is no integer', { name: 'shapes', seed: 0.5 }, /^Expected a non-negative integer for seed/],
  [
    'a single class',
    { name: 'shapes', seed: 1, classes: [0] },
    /^Expected names or places of at least two classes for classes/,
  ],
  [
    'a split of everything',
    { name: 'shapes', seed: 1, validationSplit: 1 },
    /^Expected a number from 0 to below 1 for validationSplit/,
  ],
  [
    'an image size of nothing',
    { name: 'x', seed: 1, imageSize: 0 },
    /^Expected an integer from 1 to 4096, .* for imageSize/,
  ],
  [
    'an unknown option',
    { name: 'shapes', seed: 1, ...{ limits: 3 } },
    /^Unknown option "limits" of openDataset; did you mean limit\? \(it takes name, dataDir/,
  ],
];

for (const [what, options, message] of wrongOptions) {
  test(`${what} is refused by name`, async (t) => {
    await t.throwsAsync(openDataset(options), { code: 'CONVOY_OPTION', message });
  });
}

test('a signal given before stops the opening', async (t) => {
  const dataDir = await writeTree(path.join(folder, 'stopped'), mnistFiles());
  await t.throwsAsync(openDataset({ name: 'mnist', dataDir, ...quiet, signal: AbortSignal.abort() }), {
    code: 'CONVOY_ABORTED',
  });
});

test.serial('shapes are drawn once, then come from the cache; a damaged cache is drawn anew', async (t) => {
  const drawn: string[] = [];
  const open = () => openDataset({ name: 'shapes', seed: 1, onProgress: ({ what }) => void drawn.push(what) });
  const first = await open();
  t.deepEqual([first.train.count, first.test.count, first.train.classes.length], [6000, 1000, 10]);
  const calls = drawn.length;
  t.true(calls > 0);
  t.is((await open()).train.fingerprint, first.train.fingerprint);
  t.is(drawn.length, calls);
  const decoded = path.join(folder, 'cache', 'decoded');
  await mkdir(decoded, { recursive: true });
  const [name = ''] = await readdir(decoded);
  const bytes = await readFile(path.join(decoded, name));
  bytes.writeUInt8(bytes.readUInt8(bytes.length >> 1) ^ 1, bytes.length >> 1);
  await writeFile(path.join(decoded, name), bytes);
  t.is((await open()).train.fingerprint, first.train.fingerprint);
  t.is(drawn.length, 2 * calls);
});

test.serial('a cache that cannot be written is a warning, not the end', async (t) => {
  const cache = process.env['CONVOY_CACHE'];
  const blocked = path.join(folder, 'a-file');
  await writeFile(blocked, '');
  process.env['CONVOY_CACHE'] = path.join(blocked, 'cache');
  const warned = new Promise<Error>((resolve) => process.once('warning', resolve));
  t.is((await openDataset({ name: 'shapes', seed: 1 })).train.count, 6000);
  t.regex((await warned).message, /^Cannot write to the cache \(.*ENOTDIR.*a-file.cache.decoded/);
  process.env['CONVOY_CACHE'] = cache;
});

test('the catalog pins every file by https, size and SHA-256, and has as many names as classes', (t) => {
  t.deepEqual(
    catalog.map(({ classes }) => new Set(classes).size),
    [10, 11, 11, 10, 10, 10, 100],
  );
  for (const { url, sha256, bytes } of catalog.flatMap(({ files }) => files)) {
    t.regex(url, /^https:\/\//);
    t.regex(sha256, /^[0-9a-f]{64}$/);
    t.true(bytes > 0);
  }
});
