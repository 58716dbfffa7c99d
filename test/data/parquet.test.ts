import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import test from 'ava';
import { openDataset } from '../../src/data/index.js';

/** Written by pyarrow: `parquet.py`. Image n is 6x6 of the grey 20 n; its label is n % 3. */
const fixtures = fileURLToPath(new URL('../../../test/fixtures/data/parquet/', import.meta.url));

let folder: string;
test.before(async () => {
  folder = await mkdtemp(join(tmpdir(), 'convoy-parquet-'));
  process.env['CONVOY_CACHE'] = join(folder, 'cache');
});
test.after.always(() => rm(folder, { recursive: true }));

test.serial("Hugging Face's shards give every image its split, label and class, in order", async (t) => {
  const { train, test: tested } = await openDataset({ name: fixtures, seed: 0 });
  t.deepEqual(train.classes, ['red', 'green', 'blue']);
  for (const [{ store, targets }, from, to] of [
    [train, 0, 8],
    [tested, 8, 11],
  ] as const) {
    const images = Array.from({ length: to - from }, (_, index) => from + index);
    t.deepEqual(
      targets.kind === 'classes' ? [...targets.labels] : [],
      images.map((image) => image % 3),
    );
    const pixels = store.kind === 'pixels' ? store.pixels : new Uint8Array();
    t.deepEqual(
      images.map((_, index) => pixels[108 * index]),
      images.map((image) => 20 * image),
    );
  }
});

test.serial('damaged files and tables of other things are refused with file and expectation', async (t) => {
  const bytes = await readFile(join(fixtures, 'train-00000-of-00001.parquet'));
  const file = join(folder, 'x.parquet');
  const named = Buffer.from(bytes.toString('latin1').replaceAll('label', 'lebal'), 'latin1');
  const cases: readonly (readonly [Buffer, RegExp])[] = [
    [bytes.subarray(0, 500), /x\.parquet.*a whole Parquet file/],
    [Buffer.alloc(0), /a whole Parquet file/],
    [named, /x\.parquet.*a column of images.*columns image, lebal/],
  ];
  for (const [content, message] of cases) {
    await writeFile(file, content);
    await t.throwsAsync(openDataset({ name: file, seed: 0 }), { code: 'CONVOY_DATA', message });
  }
});
