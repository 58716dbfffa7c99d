import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import test from 'ava';
import { tfRecord } from '../../src/base/tf-record.js';
import type { Dataset } from '../../src/contracts/index.js';
import { openDataset } from '../../src/data/index.js';
import { writeExample } from '../../src/data/tf-example.js';
import { plainPng, temporaryFolder, writeTree } from '../fixtures/data/files.js';

const { folder, remove } = await temporaryFolder();
const greys = [10, 20, 30, 40];
const pngs = await Promise.all(greys.map((grey) => plainPng(`rgb(${grey},${grey},${grey})`, 4, 4)));
test.before(async () => {
  process.env['CONVOY_CACHE'] = join(folder, 'cache');
  await writeTree(folder, Object.fromEntries(pngs.map((png, n) => [`${n}.png`, png])));
});
test.after.always(remove);

/** Grey of the first pixel and class of each sample. */
function samples({ store, targets, classes, shape, count }: Dataset): (readonly [number, string | undefined])[] {
  if (store.kind !== 'pixels' || targets.kind !== 'classes') throw new TypeError('pixels and classes');
  const bytes = shape.height * shape.width * shape.channels;
  return Array.from({ length: count }, (_, n) => [
    store.pixels[n * bytes] as number,
    classes[targets.labels[n] as number],
  ]);
}

async function write(name: string, content: string | readonly Uint8Array[]): Promise<string> {
  const file = join(folder, name);
  await writeFile(file, content);
  return file;
}

// Usual names hold something else, so that a reader which guesses takes the wrong column.
const table =
  'id,label,breed,where,part\nx,1,cat,0.png,train\ny,2,dog,1.png,train\nz,1,dog,2.png,test\nw,1,cat,3.png,test\n';
const lines = table
  .trim()
  .split('\n')
  .slice(1)
  .map((line) => line.split(','))
  .map(([id, label, breed, where, part]) => JSON.stringify({ id, label, breed, where, part }))
  .join('\n');

for (const [name, text] of [
  ['named.csv', table],
  ['named.tsv', table.replaceAll(',', '\t')],
  ['named.jsonl', lines],
] as const) {
  test.serial(`${name}: named columns are taken, whatever others are called`, async (t) => {
    const columns = { image: 'where', label: 'breed', split: 'part' };
    const { train, test: tested } = await openDataset({ name: await write(name, text), seed: 0, columns });
    t.deepEqual(samples(train), [
      [10, 'cat'],
      [20, 'dog'],
    ]);
    t.deepEqual(samples(tested), [
      [30, 'dog'],
      [40, 'cat'],
    ]);
  });
}

test.serial('columns of 0 and 1 are found beside a named column of images', async (t) => {
  const name = await write('many.csv', 'where,cat,dog\n0.png,1,1\n1.png,0,1\n2.png,0,0\n3.png,1,0\n1x.png,0,0\n');
  await writeTree(folder, { '1x.png': pngs[1] as Buffer });
  const { train } = await openDataset({ name, seed: 0, columns: { image: 'where' } });
  t.deepEqual(train.classes, ['cat', 'dog']);
  t.is(train.targets.kind, 'multi-label');
});

test.serial('named features of TFRecord are taken, encoded and raw', async (t) => {
  const kinds = ['cat', 'dog', 'cat', 'dog'];
  const example = (n: number) => ({ image: 'nothing', label: 7, picture: pngs[n] as Buffer, kind: kinds[n] as string });
  const encoded = greys.map((_, n) => tfRecord(writeExample(example(n))));
  const raw = greys.map((grey, n) =>
    tfRecord(writeExample({ a: 2, b: 3, c: 1, picture: new Uint8Array(6).fill(grey), kind: kinds[n] as string })),
  );
  for (const [name, records, more] of [
    ['encoded.tfrecord', encoded, {}],
    ['raw.tfrecord', raw, { height: 'a', width: 'b', channels: 'c' }],
  ] as const) {
    const columns = { image: 'picture', label: 'kind', ...more };
    const { train, test: tested } = await openDataset({
      name: await write(name, [...records, ...records]),
      seed: 0,
      columns,
    });
    const all = [...samples(train), ...samples(tested)].sort(([a], [b]) => a - b);
    t.deepEqual(
      all,
      greys.flatMap((grey, n) => [
        [grey, kinds[n]],
        [grey, kinds[n]],
      ]),
    );
  }
});

test.serial('named columns of Parquet are taken, with the names of their classes', async (t) => {
  const fixture = fileURLToPath(
    new URL('../../../test/fixtures/data/parquet/train-00000-of-00001.parquet', import.meta.url),
  );
  const renamed = (await readFile(fixture)).toString('latin1').replaceAll('label', 'breed');
  const name = await write('named.parquet', [Buffer.from(renamed, 'latin1')]);
  const { train } = await openDataset({ name, seed: 0, columns: { image: 'image', label: 'breed' } });
  t.deepEqual(train.classes, ['red', 'green', 'blue']);
});

const image = fileURLToPath(new URL('../../../test/fixtures/data/', import.meta.url));
const wrong: readonly (readonly [name: string, columns: object, code: string, message: RegExp])[] = [
  ['named.csv', { label: 'race' }, 'CONVOY_DATA', /line 1: expected a column race but found id, label, breed, where/],
  ['named.csv', { label: 'breed', image: 'pic' }, 'CONVOY_DATA', /expected a column pic but found id, label, breed/],
  ['many.csv', { label: 'cat' }, 'CONVOY_DATA', /a column of images, called as path.*but found where, cat, dog/],
  ['named.jsonl', { image: 'pic' }, 'CONVOY_DATA', /line 1: expected a column pic but found id, label, breed, where/],
  [
    'encoded.tfrecord',
    { image: 'pic' },
    'CONVOY_DATA',
    /record 0: expected an image as bytes, called pic,.*picture \(1/,
  ],
  ['encoded.tfrecord', { image: 'picture', label: 'race' }, 'CONVOY_DATA', /one label, called race,.*kind \(1 bytes/],
  ['named.parquet', { label: 'race' }, 'CONVOY_DATA', /one of labels \(race\) but found columns image, breed$/],
  ['named.parquet', { split: 'part' }, 'CONVOY_OPTION', /columns\.split needs.*takes columns for image, label alone$/],
  [
    join(image, 'keras.npz'),
    { label: 'y' },
    'CONVOY_OPTION',
    /columns\.label needs another dataset.*takes no columns$/,
  ],
  ['named.csv', { kind: 'breed' }, 'CONVOY_OPTION', /names of columns by what they hold \(image, label, split/],
];

test.serial('columns that are not there are refused with those that are', async (t) => {
  for (const [name, columns, code, message] of wrong) {
    const place = name.startsWith('/') ? name : join(folder, name);
    await t.throwsAsync(openDataset({ name: place, seed: 0, columns }), { code, message }, name);
  }
});
