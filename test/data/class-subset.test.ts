import test from 'ava';
import { ConvoyError } from '../../src/base/errors.js';
import type { Dataset } from '../../src/contracts/index.js';
import { selectClasses } from '../../src/data/class-subset.js';

/** Nine images of one pixel, whose level is their number; classes 0 1 2 0 1 2 0 1 2. */
const classes = ['bird', 'cat', '7'];
const labels = new Int32Array(new SharedArrayBuffer(36)).map((_, sample) => sample % 3);
const pixels = new Uint8Array(new SharedArrayBuffer(9)).map((_, sample) => sample);
const dataset: Dataset = {
  name: 'animals',
  split: 'train',
  count: 9,
  classes,
  shape: { height: 1, width: 1, channels: 1 },
  store: { kind: 'pixels', pixels: shared(pixels) },
  targets: { kind: 'classes', labels: sharedLabels(labels) },
  fingerprint: 'nine',
};

function shared(values: Uint8Array): Uint8Array<SharedArrayBuffer> {
  const copy = new Uint8Array(new SharedArrayBuffer(values.length));
  copy.set(values);
  return copy;
}

function sharedLabels(values: Int32Array): Int32Array<SharedArrayBuffer> {
  const copy = new Int32Array(new SharedArrayBuffer(values.length * 4));
  copy.set(values);
  return copy;
}

function contents({ store, targets }: Dataset): { samples: number[]; labels: number[] } {
  if (store.kind !== 'pixels' || targets.kind !== 'classes') throw new TypeError('pixels and classes');
  return { samples: [...store.pixels], labels: [...targets.labels] };
}

test('the samples of some classes in their order, numbered as the classes are given', (t) => {
  const chosen = selectClasses(dataset, ['7', 'bird']);
  t.deepEqual(chosen.classes, ['7', 'bird']);
  t.is(chosen.count, 6);
  t.deepEqual(contents(chosen), { samples: [0, 2, 3, 5, 6, 8], labels: [1, 0, 1, 0, 1, 0] });
  t.deepEqual(contents(dataset).labels, [0, 1, 2, 0, 1, 2, 0, 1, 2], 'the whole is as it was');
});

test('a number is a place; a text is a name, also of digits, in either form of Unicode', (t) => {
  t.deepEqual(selectClasses(dataset, [1, 0]).classes, ['cat', 'bird']);
  t.deepEqual(selectClasses(dataset, ['7', 1]).classes, ['7', 'cat']);
  t.throws(() => selectClasses(dataset, ['cat', '0']), { message: /names among bird, cat, 7 .* received "0"/ });
  const accented = { ...dataset, classes: ['caf\u00e9', 'cat', '7'] };
  t.deepEqual(selectClasses(accented, ['cafe\u0301', 'cat']).classes, ['caf\u00e9', 'cat']);
});

test('a selection has a fingerprint of its own, by classes and order', (t) => {
  const prints = [selectClasses(dataset, [0, 1]), selectClasses(dataset, [1, 0]), selectClasses(dataset, [0, 2])].map(
    ({ fingerprint }) => fingerprint,
  );
  t.is(new Set([...prints, dataset.fingerprint]).size, 4);
  t.is(selectClasses(dataset, ['bird', 'cat']).fingerprint, prints[0] ?? '');
});

test('files are selected like pixels', (t) => {
  const paths = Array.from({ length: 9 }, (_, sample) => `${sample}.png`);
  const chosen = selectClasses({ ...dataset, store: { kind: 'files', root: '/photos', paths } }, [2, 1]);
  t.deepEqual(chosen.store, {
    kind: 'files',
    root: '/photos',
    paths: ['1.png', '2.png', '4.png', '5.png', '7.png', '8.png'],
  });
});

const wrong: readonly (readonly [what: string, chosen: readonly (string | number)[], message: string])[] = [
  ['a name that is none', ['bird', 'dog'], 'Expected names among bird, cat, 7 for --classes but received "dog"'],
  ['a place beyond the last', [0, 3], 'Expected names among bird, cat, 7 for --classes but received 3'],
  [
    'a class named twice',
    ['cat', 0, 1],
    'Expected each class once (cat is there twice) for --classes but received ["cat", 0, 1]',
  ],
];
for (const [what, chosen, message] of wrong) {
  test(`${what} is refused`, (t) => {
    t.throws(() => selectClasses(dataset, chosen), { instanceOf: ConvoyError, code: 'CONVOY_OPTION', message });
  });
}

test('a class without images, and targets of several classes, are refused', (t) => {
  const bare: Dataset = { ...dataset, classes: [...classes, 'dog'] };
  t.throws(() => selectClasses(bare, ['cat', 'dog']), {
    code: 'CONVOY_DATA',
    message: 'Expected train images of the class dog in animals but there are none',
  });
  const several: Dataset = {
    ...dataset,
    targets: { kind: 'multi-label', values: new Float32Array(new SharedArrayBuffer(9 * 3 * 4)) },
  };
  t.throws(() => selectClasses(several, [0, 1]), {
    code: 'CONVOY_OPTION',
    message: /--classes needs a dataset of one class per image/,
  });
});
