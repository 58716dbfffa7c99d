import { execFileSync } from 'node:child_process';
import { cp, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import test from 'ava';
import type { Dataset } from '../../src/contracts/index.js';
import { openDataset } from '../../src/data/index.js';

/** Written by Python's pickle and tarfile: `cifar.py`. Image n has the planes n, n + 50, n + 100. */
const fixtures = fileURLToPath(new URL('../../../test/fixtures/data/', import.meta.url));
const [ten, hundred] = ['cifar-10-python.tar.gz', 'cifar-100-python.tar.gz'] as const;

let folder: string;
test.before(async () => {
  folder = await mkdtemp(join(tmpdir(), 'convoy-pickles-'));
  process.env['CONVOY_CACHE'] = join(folder, 'cache');
  for (const archive of [ten, hundred]) execFileSync('tar', ['-xzf', join(fixtures, archive), '-C', folder]);
});
test.after.always(() => rm(folder, { recursive: true }));

/** First pixel, second pixel and label of every image. */
function samples({ store, targets, count }: Dataset): (readonly number[])[] {
  if (store.kind !== 'pixels' || targets.kind !== 'classes') throw new TypeError('pixels and classes');
  const { pixels } = store;
  return Array.from({ length: count }, (_, n) => [
    ...pixels.subarray(3072 * n, 3072 * n + 6),
    targets.labels[n] as number,
  ]);
}

const expected = (first: number, labels: readonly number[]) =>
  labels.map((label, n) => [1, 2, 3, first + n, first + n + 50, first + n + 100, label]);

test.serial("CIFAR-10's pickles of Python 2: by name, folder and archive", async (t) => {
  const { CONVOY_DATA } = process.env;
  process.env['CONVOY_DATA'] = folder;
  t.teardown(() => {
    if (CONVOY_DATA === undefined) delete process.env['CONVOY_DATA'];
    else process.env['CONVOY_DATA'] = CONVOY_DATA;
  });
  for (const name of [join(folder, 'cifar-10-batches-py'), join(fixtures, ten), 'cifar10']) {
    const { train, test: tested } = await openDataset({ name, seed: 0, download: false });
    t.deepEqual(samples(train), expected(0, [1, 8, 2, 7, 3, 6, 4, 5, 5, 4]), name);
    t.deepEqual(samples(tested), expected(10, [0, 9]), name);
    t.is(train.classes[9], 'truck');
  }
});

test.serial("CIFAR-100's pickles of Python 3, protocols 2 and 5, with fine labels", async (t) => {
  for (const name of [join(folder, 'cifar-100-python'), join(fixtures, hundred)]) {
    const { train, test: tested } = await openDataset({ name, seed: 0 });
    t.deepEqual(samples(train), expected(0, [99, 0]), name);
    t.deepEqual(samples(tested), expected(2, [42, 43]), name);
    t.is(train.classes[42], 'fine 42');
  }
});

/** A copy of CIFAR-100's folder with other bytes in one file. */
async function changed(file: string, change: (bytes: Buffer) => Buffer): Promise<string> {
  const place = await mkdtemp(join(folder, 'damaged-'));
  await cp(join(folder, 'cifar-100-python'), place, { recursive: true });
  await writeFile(join(place, file), change(await readFile(join(place, file))));
  return place;
}

const replaced = (from: string, to: string) => (bytes: Buffer) =>
  Buffer.from(bytes.toString('latin1').replace(from, to), 'latin1');

// A pickle that runs a program when Python loads it: GLOBAL, the text, a tuple of it, REDUCE, STOP.
const program = Buffer.from('\x80\x02cposix\nsystem\nX\x04\0\0\0true\x85R.', 'latin1');
const damaged: readonly [what: string, file: string, change: (bytes: Buffer) => Buffer, message: RegExp][] = [
  ['a file cut short', 'train', (b) => b.subarray(0, 3000), /train: pickle at byte \d+: expected \d+ more bytes but/],
  ['an empty file', 'test', () => Buffer.alloc(0), /test: byte 0: expected a pickle of protocol 2 to 5 but/],
  ['a program', 'test', () => program, /byte 16: expected arrays of NumPy and plain values but found posix\.system$/],
  ['another type', 'train', replaced('u1', 'u2'), /_frombuffer: expected the arguments that NumPy writes but found/],
  ['no labels', 'train', replaced('fine_labels', 'fine_lebals'), /fine_labels: expected 2 labels, one for each image/],
  [
    'a label of 100',
    'train',
    replaced('Kc', 'Kd'),
    /train: fine_labels 0: expected a label from 0 to 99 but found 100$/,
  ],
  [
    'too few names',
    'meta',
    replaced('fine_label_names', 'x'.repeat(16)),
    /fine_label_names: expected the names of 100/,
  ],
  ['a list', 'train', () => Buffer.from('\x80\x02].', 'latin1'), /train: expected a dict but found another value$/],
];

for (const [what, file, change, message] of damaged) {
  test.serial(`${what}: refused with file, place and expectation`, async (t) => {
    await t.throwsAsync(openDataset({ name: await changed(file, change), seed: 0 }), { code: 'CONVOY_DATA', message });
  });
}
