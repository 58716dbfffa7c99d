import { copyFile, mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { basename, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import test from 'ava';
import { crc32c, tfRecord } from '../../src/base/tf-record.js';
import { convertDataset, openDataset } from '../../src/data/index.js';
import { readExample, writeExample } from '../../src/data/tf-example.js';
import { tfRecords } from '../../src/data/tf-records.js';

/** Written by TensorFlow: `tfrecord.py`. Image n is 6x6 of the grey 20 n; its label is n % 3. */
const fixtures = fileURLToPath(new URL('../../../test/fixtures/data/', import.meta.url));
const shards = join(fixtures, 'tfrecord');
const first = join(shards, 'small-train.tfrecord-00000-of-00002');

let folder: string;
test.beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'convoy-tfrecord-'));
  process.env['CONVOY_CACHE'] = join(folder, 'cache');
});
test.afterEach.always(() => rm(folder, { recursive: true }));

type Opened = Awaited<ReturnType<typeof openDataset>>;

function samples({ store, targets }: Opened['train']): (readonly [image: number, label: number])[] {
  if (store.kind !== 'pixels' || targets.kind !== 'classes') throw new TypeError('pixels and classes');
  return Array.from(targets.labels, (label, index) => [(store.pixels[108 * index] as number) / 20, label] as const);
}

const expected = (from: number, to: number) =>
  Array.from({ length: to - from }, (_, index) => [from + index, (from + index) % 3] as const);

test.serial('shards of TensorFlow give every image its split and label, in order', async (t) => {
  const { train, test: tested } = await openDataset({ name: shards, seed: 0 });
  t.deepEqual(samples(train), expected(0, 8));
  t.deepEqual(samples(tested), expected(8, 11));
  t.deepEqual(train.classes, ['0', '1', '2']);
  t.deepEqual(train.shape, { height: 6, width: 6, channels: 3 });
});

test.serial('raw pixels, and a gzip file with names of classes, are read alike', async (t) => {
  const raw = await openDataset({ name: join(fixtures, 'raw.tfrecord'), seed: 0 });
  const named = await openDataset({ name: join(fixtures, 'named.tfrecord.gz'), seed: 0 });
  t.deepEqual(named.train.classes, ['blue', 'green', 'red']);
  for (const { train, test: tested } of [raw, named]) {
    // A fifth of each class is held out: of 4, 3 and 3 images.
    t.deepEqual(
      [train.count, tested.count].reduce((sum, count) => sum + count),
      10,
    );
    for (const [image, label] of [...samples(train), ...samples(tested)])
      t.is(train.classes[label], train === raw.train ? String(image % 3) : ['red', 'green', 'blue'][image % 3]);
  }
  const large = await openDataset({ name: join(fixtures, 'raw.tfrecord'), seed: 0, imageSize: 12 });
  t.deepEqual(large.train.shape, { height: 12, width: 12, channels: 3 });
});

test.serial('the checksum is that of RFC 3720', (t) => {
  // Appendix B.4: 32 bytes of zeros, of ones, and 0 to 31.
  t.is(crc32c(new Uint8Array(32)), 0x8a9136aa);
  t.is(crc32c(new Uint8Array(32).fill(0xff)), 0x62a8ab43);
  t.is(crc32c(Uint8Array.from({ length: 32 }, (_, index) => index)), 0x46dd794e);
});

test.serial('records written here are read here, and those of TensorFlow are written again to the byte', async (t) => {
  const example = { 'image/encoded': Uint8Array.of(1, 2, 3), label: 300, minus: -5, name: 'größe' };
  const file = join(folder, 'own.tfrecord');
  await writeFile(file, [tfRecord(writeExample(example)), tfRecord(writeExample({}))]);
  const found = [];
  for await (const record of tfRecords(file)) found.push(record);
  t.deepEqual(
    found.map(({ place }) => place),
    ['record 0', 'record 1'],
  );
  t.deepEqual(found[0]?.example, readExample(writeExample(example)));
  t.deepEqual(found[0]?.example.get('minus'), { kind: 'integers', values: [-5] });
  t.deepEqual(found[0]?.example.get('label'), { kind: 'integers', values: [300] });
  const bytes = await readFile(first);
  const length = Number(bytes.readBigUInt64LE());
  t.deepEqual(Buffer.from(tfRecord(bytes.subarray(12, 12 + length))), bytes.subarray(0, 16 + length));
});

test.serial('damaged files are refused with file, record and expectation', async (t) => {
  const bytes = await readFile(first);
  const length = Number(bytes.readBigUInt64LE());
  const changed = (at: number): Uint8Array => {
    const copy = Buffer.from(bytes);
    copy[at] = (copy[at] as number) ^ 1;
    return copy;
  };
  const cases: readonly (readonly [Uint8Array, RegExp])[] = [
    [changed(0), /x\.tfrecord.*record 0.*length with the checksum/],
    [changed(20), /record 0.*bytes with the checksum/],
    [changed(16 + length + 30), /record 1.*bytes with the checksum/],
    [bytes.subarray(0, bytes.length - 5), /the checksum of record 3|bytes of record 3/],
    [tfRecord(Uint8Array.of(10, 200)), /record 0.*a tf\.train\.Example/],
    [tfRecord(writeExample({ label: 1, photo: 'x' })), /record 0.*an image as bytes.*photo \(1 bytes\)/],
    [tfRecord(writeExample({ image: 'x' })), /record 0.*one label/],
    [new Uint8Array(), /examples of an image and a label/],
  ];
  const file = join(folder, 'x.tfrecord');
  for (const [content, message] of cases) {
    await writeFile(file, content);
    await t.throwsAsync(openDataset({ name: file, seed: 0 }), { code: 'CONVOY_DATA', message });
  }
});

test.serial('an image that cannot be decoded is an error, or left out and counted', async (t) => {
  await mkdir(join(folder, 'set'));
  for (const name of ['small-train.tfrecord-00000-of-00002', 'small-test.tfrecord-00000-of-00001'])
    await copyFile(join(shards, name), join(folder, 'set', name));
  await writeFile(join(folder, 'set', 'small-train.tfrecord-00001-of-00002'), [
    tfRecord(writeExample({ image: 'no image', label: 2 })),
    await readFile(join(shards, 'small-train.tfrecord-00001-of-00002')),
  ]);
  const name = join(folder, 'set');
  await t.throwsAsync(openDataset({ name, seed: 0 }), { code: 'CONVOY_DATA', message: /00001-of-00002.*record 0/ });
  const { train, badImages } = await openDataset({ name, seed: 0, onBadImage: 'skip' });
  t.deepEqual(samples(train), expected(0, 8));
  t.is(badImages.length, 1);
});

test.serial('a dataset that is converted is read back as it was, from shards', async (t) => {
  const out = join(folder, 'converted');
  const { files, counts } = await convertDataset({ name: shards, seed: 0, out, shardImages: 5 });
  t.deepEqual(counts, { train: 8, test: 3 });
  t.deepEqual(
    files.map((file) => basename(file)),
    [
      'tfrecord-train.tfrecord-00000-of-00002',
      'tfrecord-train.tfrecord-00001-of-00002',
      'tfrecord-test.tfrecord-00000-of-00001',
    ],
  );
  const { train, test: tested } = await openDataset({ name: out, seed: 0 });
  t.deepEqual(samples(train), expected(0, 8));
  t.deepEqual(samples(tested), expected(8, 11));
});
