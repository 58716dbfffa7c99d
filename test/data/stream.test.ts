import { readdir, readFile, utimes, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { gzipSync } from 'node:zlib';
import test from 'ava';
import { tfRecord } from '../../src/base/tf-record.js';
import { openEncoded } from '../../src/data/formats/encoded-set.js';
import { examplesOf } from '../../src/data/formats/tfrecord.js';
import { openDataset } from '../../src/data/index.js';
import { writeExample } from '../../src/data/tf-example.js';
import { gradient, temporaryFolder, writeTree } from '../fixtures/data/files.js';
import { epochOf, facts, seenOf } from '../support/epoch.js';

const { folder, remove } = await temporaryFolder();
const cache = join(folder, 'cache');
const photographs = join(folder, 'photographs');
/** Records of the folder's images, in its order. */
let records: Buffer;

test.before(async () => {
  process.env['CONVOY_CACHE'] = cache;
  const written: Uint8Array[] = [];
  for (let n = 0; n < 3; n++) {
    for (const label of ['a', 'b']) {
      const image = await gradient(60 * n, 120 + n, 130);
      for (const split of ['train', 'test']) await writeTree(photographs, { [`${split}/${label}/${n}.png`]: image });
      written.push(tfRecord(writeExample({ 'image/encoded': image, 'image/class/text': label, note: 'x'.repeat(n) })));
    }
  }
  records = Buffer.concat(written);
});
test.after.always(remove);

/** Records in two shards of training images and one of test images. */
async function write(name: string, encode: (bytes: Buffer) => Buffer, ending: string): Promise<string> {
  let cut = 0;
  for (let n = 0; n < 2; n++) cut += 16 + Number(records.readBigUInt64LE(cut));
  const shards = { [`train-00000${ending}`]: encode(records.subarray(0, cut)) };
  shards[`train-00001${ending}`] = encode(records.subarray(cut));
  shards[`test${ending}`] = encode(records);
  return writeTree(join(folder, name), shards);
}

for (const [name, encode, ending] of [
  ['plain', (bytes: Buffer) => bytes, '.tfrecord'],
  ['gzip', (bytes: Buffer) => gzipSync(bytes), '.tfrecord.gz'],
] as const) {
  test.serial(
    `${name} records of photographs stay in files, and training sees the pixels of a folder of them`,
    async (t) => {
      const source = await openDataset({ name: photographs, seed: 0 });
      const place = await write(name, encode, ending);
      for (const start of ['first', 'second']) {
        const { train, test: tested } = await openDataset({ name: place, seed: 0 });
        const { store } = train;
        t.is(store.kind === 'files' && store.root, name === 'plain' ? place : join(cache, 'streams'), start);
        t.deepEqual(
          [train.classes, train.shape, train.targets],
          [source.train.classes, source.train.shape, source.train.targets],
        );
        t.is(await seenOf(train), await seenOf(source.train), start);
        t.is(await seenOf(tested), await seenOf(source.test), start);
        t.is(await seenOf(train, 'resizedCrop,flip'), await seenOf(source.train, 'resizedCrop,flip'), start);
      }
      const [small, smallSource] = [
        await openDataset({ name: place, seed: 0, imageSize: 40 }),
        await openDataset({ name: photographs, seed: 0, imageSize: 40 }),
      ];
      t.deepEqual(facts(small.train), facts(smallSource.train));
    },
  );
}

test.serial(
  'the second start does not read the records: damage is told with file and byte when an image is needed',
  async (t) => {
    const place = await write('damaged', (bytes) => bytes, '.tfrecord');
    const file = join(place, 'train-00000.tfrecord');
    const changed = new Date('2026-01-01T00:00:00Z');
    await utimes(file, changed, changed);
    const { train: before } = await openDataset({ name: place, seed: 0 });
    const bytes = await readFile(file);
    const at = bytes.indexOf(Buffer.from('\x89PNG', 'latin1'));
    bytes[at + 200] = (bytes[at + 200] as number) ^ 1;
    await writeFile(file, bytes);
    await utimes(file, changed, changed);
    const { train } = await openDataset({ name: place, seed: 0 });
    t.is(train.fingerprint, before.fingerprint);
    await t.throwsAsync(seenOf(train), {
      code: 'CONVOY_DATA',
      message: new RegExp(`^${file}: byte ${at}: expected \\d+ bytes with the checksum .* but found damage`),
    });
    await utimes(file, changed, new Date(changed.getTime() + 1000));
    await t.throwsAsync(openDataset({ name: place, seed: 0 }), {
      code: 'CONVOY_DATA',
      message: /record 0: expected bytes with/,
    });
  },
);

test.serial('a damaged index is made anew', async (t) => {
  const place = await write('index', (bytes) => bytes, '.tfrecord');
  const streams = join(cache, 'streams');
  const before = new Set(await readdir(streams));
  const { train } = await openDataset({ name: place, seed: 0 });
  const [index = ''] = (await readdir(streams)).filter((name) => !before.has(name));
  const bytes = await readFile(join(streams, index));
  await writeFile(join(streams, index), bytes.subarray(0, 100));
  t.deepEqual((await openDataset({ name: place, seed: 0 })).train, train);
  t.deepEqual(await readFile(join(streams, index)), bytes);
});

test.serial('photographs of Parquet are unpacked once, and read when they are needed', async (t) => {
  const name = fileURLToPath(new URL('../../../test/fixtures/data/photographs.parquet', import.meta.url));
  for (let start = 0; start < 2; start++) {
    const { train, test: tested } = await openDataset({ name, seed: 0 });
    t.is(train.store.kind, 'files');
    const greys: number[] = [];
    for (const dataset of [train, tested]) {
      const pixels = await epochOf(dataset);
      for (let at = 0; at < pixels.length; at += 224 * 224 * 3) greys.push(pixels[at] as number);
    }
    // `parquet.py`: image n is of the grey 20 n.
    t.deepEqual(
      greys.sort((a, b) => a - b),
      [0, 20, 40, 60, 80],
    );
    t.deepEqual(train.classes, ['a', 'b']);
  }
});

test.serial('raw pixels that do not fit into memory are kept as PNG, and resized when they are read', async (t) => {
  const file = fileURLToPath(new URL('../../../test/fixtures/data/raw.tfrecord', import.meta.url));
  const examples = (paths: readonly string[]) => examplesOf(paths, {});
  const files = new Map([['train', [file]]] as const);
  for (const imageSize of [undefined, 12]) {
    const options = { name: file, seed: 0, ...(imageSize && { imageSize }) };
    const { train } = await openEncoded('raw', 'tfrecord', { files, examples }, options, 100);
    t.is(train.store.kind, 'files');
    // `tfrecord.py`: image n is 6x6 of the grey 20 n.
    const side = imageSize ?? 6;
    t.deepEqual(train.shape, { height: side, width: side, channels: 3 });
    const pixels = await epochOf(train);
    const each = 3 * side ** 2;
    for (let n = 0; n < 10; n++)
      t.true(pixels.subarray((9 - n) * each, (10 - n) * each).every((level) => level === 20 * n));
  }
});

test.serial('small images of several sizes are brought to that of photographs, with a note', async (t) => {
  const sizes = [20, 30, 20, 30, 20, 30];
  const images = await Promise.all(sizes.map((side) => gradient(side, side, side)));
  const file = join(folder, 'sizes.tfrecord');
  await writeFile(
    file,
    [...images].map((image, n) => tfRecord(writeExample({ image, label: n % 2 }))),
  );
  const { train, notes } = await openDataset({ name: file, seed: 0 });
  t.deepEqual(train.shape, { height: 224, width: 224, channels: 3 });
  t.is(train.store.kind, 'files');
  t.true(
    notes.some((note) => /several sizes \(20x20 and 30x30 among them\)/.test(note)),
    notes.join(),
  );
});
