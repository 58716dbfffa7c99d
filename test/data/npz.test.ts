/** Beside NumPy: `test/fixtures/data/npz.py` wrote the files and what they hold. */
import { readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import test from 'ava';
import { z } from 'zod';
import type { Dataset } from '../../src/contracts/index.js';
import { openDataset } from '../../src/data/index.js';
import { temporaryFolder } from '../fixtures/data/files.js';

const { folder, remove } = await temporaryFolder();
test.after.always(remove);

const fixture = (name: string): string =>
  fileURLToPath(new URL(`../../../test/fixtures/data/${name}`, import.meta.url));
const arrays = z.record(z.string(), z.object({ shape: z.array(z.number()), values: z.array(z.number()) }));
const said = z.record(z.string(), arrays).parse(JSON.parse(readFileSync(fixture('npz.json'), 'utf8')));

function contents({ store, targets }: Dataset): { pixels: number[]; labels: number[] } {
  if (store.kind !== 'pixels' || targets.kind !== 'classes') throw new Error('expected pixels and classes');
  return { pixels: [...store.pixels], labels: [...targets.labels] };
}

const read: readonly [
  file: string,
  prefix: (split: string) => readonly [string, string],
  channels: number,
  classes: number,
][] = [
  ['keras.npz', (split) => [`x_${split}`, `y_${split}`], 1, 4],
  ['medmnist.npz', (split) => [`${split}_images`, `${split}_labels`], 3, 3],
];

for (const [file, names, channels, classes] of read) {
  test(`${file}: pixels, labels and shapes are NumPy's`, async (t) => {
    const opened = await openDataset({ name: fixture(file), seed: 1 });
    for (const [split, dataset] of [
      ['train', opened.train],
      ['test', opened.test],
    ] as const) {
      const [images, labels] = names(split).map((name) => said[file]?.[name]);
      t.deepEqual(contents(dataset), { pixels: images?.values ?? [], labels: labels?.values ?? [] });
      const [count = 0, height = 0, width = 0] = images?.shape ?? [];
      t.is(dataset.count, count);
      t.deepEqual(dataset.shape, { height, width, channels });
    }
    t.deepEqual(
      opened.train.classes,
      Array.from({ length: classes }, (_, label) => String(label)),
    );
    t.is(opened.validation?.count, said[file]?.['val_labels']?.shape[0]);
  });
}

test('big-endian labels are read, and a fifth of each class is held out where there are no test images', async (t) => {
  const { train, test: tested } = await openDataset({ name: fixture('big-endian.npz'), seed: 1 });
  t.deepEqual([train.count, tested.count], [20, 5]);
  t.deepEqual(contents(tested).labels.sort(), [0, 1, 2, 3, 4]);
  const whole = said['big-endian.npz']?.['y_train']?.values ?? [];
  t.deepEqual([...contents(train).labels, ...contents(tested).labels].sort(), [...whole].sort());
});

const wrong: readonly [file: string, message: RegExp][] = [
  ['floats.npz', /x_train: expected uint8 images .* but found <f4 \[2, 2, 2\]$/],
  ['several-labels.npz', /y_train: expected 2 integers, one class an image but found \|u1 \[2, 3\]$/],
  ['columns-first.npz', /x_train: expected rows first \(order C\) but found columns first/],
  ['no-labels.npz', /y_train: expected an array of images and one of labels but found one of them alone$/],
  ['negative.npz', /y_train: expected labels from 0 to 65535 but found -1 at 1$/],
  ['other.npz', /expected the arrays x_train and y_train, or train_images and train_labels but found neither$/],
];

for (const [file, message] of wrong) {
  test(`${file} is refused with file and array`, async (t) => {
    await t.throwsAsync(openDataset({ name: fixture(file), seed: 1 }), { code: 'CONVOY_DATA', message });
  });
}

test('an archive cut short, and one that is none, are refused', async (t) => {
  const whole = readFileSync(fixture('keras.npz'));
  for (const [name, bytes] of [
    ['cut.npz', whole.subarray(0, whole.length >> 1)],
    ['text.npz', Buffer.from('no archive')],
    ['empty.npz', Buffer.alloc(0)],
  ] as const) {
    const file = path.join(folder, name);
    writeFileSync(file, bytes);
    await t.throwsAsync(openDataset({ name: file, seed: 1 }), {
      code: 'CONVOY_DATA',
      message: /\.npz: expected a whole NumPy archive \(\.npz\) but found /,
    });
  }
});
