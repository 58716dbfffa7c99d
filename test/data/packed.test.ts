import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import test from 'ava';
import { Renderer } from '../../augment/stage/index.js';
import { imageBytes } from '../../src/contracts/index.js';
import { openDataset, packDataset } from '../../src/data/index.js';
import { writePacked } from '../../src/data/packed/index.js';
import { readStoredImage } from '../../src/images/index.js';
import { gradient, plainPng, temporaryFolder, writeTree } from '../fixtures/data/files.js';
import { digestOf, epochOf, facts, seenOf, splitsOf } from '../support/epoch.js';

const shards = fileURLToPath(new URL('../../../test/fixtures/data/tfrecord', import.meta.url));
const { folder, remove } = await temporaryFolder();
const photographs = join(folder, 'photographs');

test.before(async () => {
  process.env['CONVOY_CACHE'] = join(folder, 'cache');
  for (const split of ['train', 'test']) {
    for (let n = 0; n < 4; n++)
      await writeTree(photographs, {
        [`${split}/${n % 2 ? 'b' : 'a'}/${n}.png`]: await gradient(60 * n, 120, 130 + n),
      });
  }
});
test.after.always(remove);

let files = 0;
async function packed(name: string, options: { imageSize?: number } = {}): Promise<string> {
  const out = join(folder, `${files++}.pack`);
  await packDataset({ name, seed: 3, out, ...options });
  return out;
}

test.serial('pixels: splits, targets, classes, pixels and fingerprints are those of the source', async (t) => {
  await writeTree(folder, {
    'many/labels.csv': Buffer.from(
      `path,x,y,split\n${[0, 1, 2, 3].map((n) => `${n}.png,${n % 2},${n >> 1},${n < 3 ? 'train' : 'val'}`).join('\n')}`,
    ),
  });
  for (let n = 0; n < 4; n++) await writeTree(folder, { [`many/${n}.png`]: await plainPng(`rgb(${n},9,0)`) });
  for (const [name, options] of [
    [shards, {}],
    [shards, { imageSize: 9 }],
    [join(folder, 'many/labels.csv'), {}],
    [photographs, { imageSize: 50 }],
  ] as const) {
    const source = await openDataset({ name, seed: 3, ...options });
    const found = await openDataset({ name: await packed(name, options), seed: 3 });
    t.deepEqual(splitsOf(found).map(facts), splitsOf(source).map(facts), name);
    t.true(splitsOf(found).every(({ store }) => store.kind === 'pixels'));
  }
});

test.serial('photographs stay encoded, and training sees the pixels that it sees of the folder', async (t) => {
  const source = await openDataset({ name: photographs, seed: 3 });
  const file = await packed(photographs);
  const found = await openDataset({ name: file, seed: 3 });
  t.deepEqual(splitsOf(found).map(facts), splitsOf(source).map(facts));
  t.is(found.train.store.kind, 'files');
  for (const augment of ['none', 'resizedCrop,flip'])
    t.is(await seenOf(found.train, augment), await seenOf(source.train, augment), augment);
  const size = { seed: 3, imageSize: 40, limit: 3, validationSplit: 0.3 };
  const [small, smallSource] = [
    await openDataset({ name: file, ...size }),
    await openDataset({ name: photographs, ...size }),
  ];
  t.deepEqual(splitsOf(small).map(facts), splitsOf(smallSource).map(facts));
});

test.serial('a selection of encoded images takes their places in the file along', async (t) => {
  const file = await packed(photographs);
  const chosen = { seed: 3, classes: ['b', 'a'], limit: 3 };
  const [found, source] = [
    await openDataset({ name: file, ...chosen }),
    await openDataset({ name: photographs, ...chosen }),
  ];
  t.is(await seenOf(found.train), await seenOf(source.train));
  const again = await openDataset({ name: await packed(file), seed: 0 });
  t.is(await seenOf(again.train), await seenOf((await openDataset({ name: file, seed: 0 })).train));
});

test.serial('one split may be pixels and another encoded, as where only the test images fit into memory', async (t) => {
  const { train } = await openDataset({ name: photographs, seed: 3 });
  const { test: small } = await openDataset({ name: photographs, seed: 3, imageSize: [224, 224] });
  const read = async function* () {
    if (train.store.kind === 'files') for (let n = 0; n < train.count; n++) yield readStoredImage(train.store, n);
  };
  const pixels = small.store.kind === 'pixels' ? small.store.pixels : new Uint8Array();
  const file = join(folder, 'mixed.pack');
  await writePacked(file, {
    ...{ name: 'mixed', classes: [...train.classes], shape: train.shape, files: [], notes: [] },
    splits: [
      { ...train, images: { kind: 'images', images: read() } },
      { ...small, images: { kind: 'pixels', pixels } },
    ],
  });
  const found = await openDataset({ name: file, seed: 0 });
  t.deepEqual([found.train.store.kind, found.test.store.kind], ['files', 'pixels']);
  t.is(await seenOf(found.train), await seenOf(train));
  t.is(await seenOf(found.test), await seenOf(small));
});

/** The file with one byte changed. */
async function damaged(file: string, at: number): Promise<string> {
  const bytes = await readFile(file);
  const place = at < 0 ? bytes.length + at : at;
  bytes[place] = (bytes[place] as number) ^ 1;
  await writeFile(`${file}.damaged`, bytes);
  return `${file}.damaged`;
}

const hex = '[0-9a-f]{8}';
test.serial('damage anywhere is refused with file, byte and expectation', async (t) => {
  const file = await packed(shards);
  const bytes = await readFile(file);
  const header = Number(bytes.readBigUInt64LE(bytes.length - 64));
  const { splits } = JSON.parse(bytes.toString('utf8', header, bytes.length - 64)) as {
    splits: { images: number; table: { offset: number } }[];
  };
  const table = splits[1]?.table.offset ?? 0;
  // Image 9 is the second of the test split; its block is the whole split, 3 images of 108 bytes.
  const images = splits[1]?.images ?? 0;
  const cases: readonly (readonly [at: number, message: RegExp])[] = [
    [images + 110, new RegExp(`byte ${images}: expected 324 bytes with the checksum ${hex} but found damage`)],
    [table + 5, new RegExp(`byte ${table}: expected 16 bytes with the checksum ${hex} but found damage`)],
    [header + 20, new RegExp(`byte ${header}: expected a header with the SHA-256 at the end but found damage`)],
    [-30, /a header with the SHA-256/],
    [-50, /place and length of the header/],
    [-60, /place and length of the header/],
    [-1, /the end of a packed file but found other bytes: it was cut short or changed/],
  ];
  for (const [at, message] of cases) {
    const error = await t.throwsAsync(openDataset({ name: await damaged(file, at), seed: 0 }), { code: 'CONVOY_DATA' });
    t.regex(error?.message ?? '', new RegExp(`^${file}\\.damaged: byte `));
    t.regex(error?.message ?? '', message);
  }
  for (const length of [12, 13, 70, images, bytes.length - 1]) {
    await writeFile(`${file}.short`, bytes.subarray(0, length));
    await t.throwsAsync(openDataset({ name: `${file}.short`, seed: 0 }), {
      code: 'CONVOY_DATA',
      message: /\.short: byte \d+: expected the end of a packed file/,
    });
  }
});

test.serial('damage in an encoded image is told when it is read, or left out and counted', async (t) => {
  const file = await packed(photographs);
  const { train } = await openDataset({ name: await damaged(file, 100), seed: 0 });
  const message = new RegExp(
    `${file}\\.damaged: byte 12: expected \\d+ bytes with the checksum ${hex} but found damage`,
  );
  await t.throwsAsync(seenOf(train), { code: 'CONVOY_DATA', message });
  const scanned = await new Renderer({ dataset: train, transforms: [], seed: 0 }).scan(Uint32Array.of(0, 1, 2, 3));
  t.deepEqual(
    scanned.map(({ sample, file: place }) => [sample, place.endsWith('.pack.damaged: byte 12')]),
    [[0, true]],
  );
  const skipped = { name: `${file}.damaged`, seed: 0, imageSize: 40, onBadImage: 'skip' } as const;
  const { train: kept, badImages } = await openDataset(skipped);
  t.deepEqual([kept.count, badImages.length], [3, 1]);
  const whole = (await openDataset({ name: file, seed: 0, imageSize: 40 })).train;
  t.is(await seenOf(kept), digestOf((await epochOf(whole)).subarray(0, 3 * imageBytes(whole.shape))));
});
