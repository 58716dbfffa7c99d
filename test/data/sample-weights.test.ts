import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import test from 'ava';
import type { Dataset } from '../../src/contracts/index.js';
import { sampleWeights } from '../../src/data/index.js';
import { selectSamples } from '../../src/data/split.js';
import { tinyDatasets } from '../support/tiny-data.js';

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
