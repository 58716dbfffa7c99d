import test from 'ava';
import { layoutOf } from '../../src/data/layout.js';

test('class folders alone are one split, images in turn from each class', (t) => {
  const layout = layoutOf('S', ['dog/2.jpg', 'cat/1.png', 'dog/1.jpg', 'dog/3.jpg', 'cat/notes.txt', '.DS_Store'], []);
  t.deepEqual(layout.classes, ['cat', 'dog']);
  t.deepEqual(layout.splits, {
    train: [
      { path: 'cat/1.png', label: 0 },
      { path: 'dog/1.jpg', label: 1 },
      { path: 'dog/2.jpg', label: 1 },
      { path: 'dog/3.jpg', label: 1 },
    ],
  });
});

test('train and test folders are splits, also below a folder that holds all', (t) => {
  const { classes, splits } = layoutOf('S', ['all/train/b/1.jpg', 'all/train/a/1.jpg', 'all/test/b/deep/2.jpg'], []);
  t.deepEqual(classes, ['a', 'b']);
  t.deepEqual(splits.train, [
    { path: 'all/train/a/1.jpg', label: 0 },
    { path: 'all/train/b/1.jpg', label: 1 },
  ]);
  t.deepEqual(splits.test, [{ path: 'all/test/b/deep/2.jpg', label: 1 }]);
});

for (const name of ['val', 'valid', 'validation']) {
  test(`${name} is the test split where there is no other, else the validation split`, (t) => {
    const files = ['train/a/1.jpg', `${name}/a/2.jpg`];
    t.deepEqual(layoutOf('S', files, []).splits.test, [{ path: `${name}/a/2.jpg`, label: 0 }]);
    const { splits } = layoutOf('S', [...files, 'test/a/3.jpg'], []);
    t.deepEqual(splits.test, [{ path: 'test/a/3.jpg', label: 0 }]);
    t.deepEqual(splits.validation, [{ path: `${name}/a/2.jpg`, label: 0 }]);
  });
}

test('an official class order is kept', (t) => {
  const { splits } = layoutOf('S', ['cat/1.jpg', 'ape/1.jpg'], [], ['cat', 'ape']);
  t.deepEqual(splits.train, [
    { path: 'cat/1.jpg', label: 0 },
    { path: 'ape/1.jpg', label: 1 },
  ]);
});

test('a class may be called as a property of every object', (t) => {
  t.deepEqual(layoutOf('S', ['constructor/1.jpg', 'toString/1.jpg'], []).classes, ['constructor', 'toString']);
});

const wrong: readonly [
  what: string,
  files: string[],
  folders: string[],
  official: string[] | undefined,
  message: RegExp,
][] = [
  [
    'no image',
    ['a/readme.txt'],
    ['a'],
    undefined,
    /^S: expected images in folders of their classes, as dog\/1\.jpg or train\/dog\/1\.jpg, but found none$/,
  ],
  [
    'images outside class folders',
    ['1.jpg', '2.jpg'],
    [],
    undefined,
    /^S: 1\.jpg: expected every image in a folder of its class, as dog\/1\.jpg/,
  ],
  [
    'an empty class folder',
    ['a/1.jpg'],
    ['a', 'b'],
    undefined,
    /^S: b: expected at least one image but found an empty folder$/,
  ],
  [
    'an empty class of a split',
    ['train/a/1.jpg', 'train/b/1.jpg', 'test/a/2.jpg'],
    ['train/a', 'train/b', 'test/a', 'test/b'],
    undefined,
    /^S: test\/b: expected at least one image/,
  ],
  [
    'an official class without images',
    ['a/1.jpg'],
    [],
    ['a', 'b'],
    /^S: b: expected at least one image but found none$/,
  ],
  [
    'a class that is not official',
    ['a/1.jpg', 'b/1.jpg', 'c/1.jpg'],
    [],
    ['a', 'b'],
    /^S: c: expected a class of a, b but found another$/,
  ],
  [
    'a test class that train lacks',
    ['train/a/1.jpg', 'test/b/1.jpg'],
    [],
    undefined,
    /^S: b: expected a class of a but found another$/,
  ],
  ['only a test split', ['test/a/1.jpg'], [], undefined, /^S: expected a folder train but found only test$/],
  [
    'images beside the splits',
    ['train/a/1.jpg', 'more/a/1.jpg'],
    [],
    undefined,
    /^S: more\/a\/1\.jpg: expected only the folders/,
  ],
];

for (const [what, files, folders, official, message] of wrong) {
  test(`${what}: refused with the place`, (t) => {
    t.throws(() => layoutOf('S', files, folders, official), { code: 'CONVOY_DATA', message });
  });
}
