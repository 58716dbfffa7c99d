import test from 'ava';
import * as layout from '../../src/data/layout.js';

/** The layout of files and folders by their paths. */
function layoutOf(source: string, files: readonly string[], folders: readonly string[], official?: readonly string[]) {
  const listed = new Map(files.map((path) => [path, { bytes: 1 }]));
  return layout.layoutOf(source, { files: listed, folders, links: [] }, official);
}

test('class folders alone are one split, images in turn from each class', (t) => {
  const files = ['dog/2.jpg', 'cat/1.png', 'dog/1.jpg', 'dog/3.jpg', 'cat/notes.txt', 'README'];
  const { classes, splits, notes } = layoutOf('S', files, []);
  t.deepEqual(classes, ['cat', 'dog']);
  t.deepEqual(notes, [
    "left out 1 file of cat whose extension is not an image's: 1 .txt",
    "left out 1 file beside the classes whose extension is not an image's: 1 no extension",
  ]);
  t.deepEqual(splits, {
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
    const files = ['train/a/1.jpg', 'train/b/1.jpg', `${name}/a/2.jpg`];
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
    'nothing',
    [],
    ['a'],
    undefined,
    /^S: expected images in folders of their classes, as dog\/1\.jpg or train\/dog\/1\.jpg, but found none$/,
  ],
  [
    'no image',
    ['a/readme.txt', 'b/x.bin', 'b/y.bin'],
    ['a', 'b'],
    undefined,
    /^S: expected images in folders of their classes, as dog\/1\.jpg or train\/dog\/1\.jpg, but found 3 files of other kinds \(1 \.txt, 2 \.bin\)$/,
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
    /^S: c\/1\.jpg: expected a class of a, b but found the class c$/,
  ],
  [
    'a test class that train lacks',
    ['train/a/1.jpg', 'train/c/1.jpg', 'test/b/1.jpg'],
    [],
    undefined,
    /^S: test\/b\/1\.jpg: expected a class of train \(a, c\) but found the class b$/,
  ],
  ['only a test split', ['test/a/1.jpg'], [], undefined, /^S: expected a folder train but found only test$/],
  [
    'images beside the splits',
    ['train/a/1.jpg', 'more/a/1.jpg'],
    [],
    undefined,
    /^S: more\/a\/1\.jpg: expected only folders of splits beside train but found an image in more$/,
  ],
];

for (const [what, files, folders, official, message] of wrong) {
  test(`${what}: refused with the place`, (t) => {
    t.throws(() => layoutOf('S', files, folders, official), { code: 'CONVOY_DATA', message });
  });
}

/** Folders of splits in the spellings of sets that people publish, and the splits that they are. */
const spellings: readonly (readonly [string, string])[] = [
  ['train', 'test'],
  ['Training', 'Testing'],
  ['TRAIN', 'TEST'],
  ['Train', 'Val'],
  ['training_set', 'test_set'],
  ['trainset', 'testset'],
  ['TrainData', 'ValData'],
  ['train_images', 'test_images'],
  ['images-train', 'images-dev'],
  ['seg_train', 'seg_test'],
  ['train2017', 'val2017'],
  ['dataset.train', 'dataset.eval'],
  ['Train Set', 'Validation Set'],
];

for (const [train, test_] of spellings) {
  test(`${train} and ${test_} are splits`, (t) => {
    const { classes, splits, notes } = layoutOf('S', [`${train}/a/1.png`, `${train}/b/1.png`, `${test_}/b/2.png`], []);
    t.deepEqual(classes, ['a', 'b']);
    t.is(splits.train.length, 2);
    t.deepEqual(splits.test, [{ path: `${test_}/b/2.png`, label: 1 }]);
    t.deepEqual(notes, []);
  });
}

for (const [one, other] of [
  ['my_train', 'my_test'],
  ['chest xray train', 'chest xray val'],
  ['train_v2_final', 'test_v2_final'],
] as const) {
  test(`${one} and ${other} are refused: they are neither plain splits nor classes`, (t) => {
    const files = [one, other].flatMap((top) => [`${top}/a/1.png`, `${top}/b/1.png`]);
    const message = /expected folders of classes, or of splits .* but found a name that mentions a split: rename it/;
    t.throws(() => layoutOf('S', files, []), { code: 'CONVOY_DATA', message });
  });
}

test('folders of splits are never classes, however they are stacked', (t) => {
  const message = /expected every image in a folder of its class/;
  t.throws(() => layoutOf('S', ['train/1.png', 'test/1.png', 'val/1.png'], []), { message });
  // train/train/CLASS, and data/train/{train,test}/CLASS.
  t.deepEqual(layoutOf('S', ['train/train/a/1.png', 'train/train/b/1.png'], []).classes, ['a', 'b']);
  const wrapped = layoutOf('S', ['train/train/a/1.png', 'train/train/b/1.png', 'train/test/a/1.png'], []);
  t.deepEqual([wrapped.classes, wrapped.splits.test?.length], [['a', 'b'], 1]);
  t.regex(wrapped.notes.join(), /the folder train holds everything/);
  t.throws(() => layoutOf('S', ['train/train/1.png', 'train/test/1.png', 'test/train/1.png'], []), {
    message: /expected folders of classes inside those of splits but found folders of splits \(test, train\)/,
  });
  t.throws(() => layoutOf('S', ['train/a/1.png', 'training/a/1.png'], []), {
    message: /^S: expected one folder for the split train but found two, train and training$/,
  });
});

test('a class may be called like a split where its folder holds images', (t) => {
  t.deepEqual(layoutOf('S', ['bus/1.png', 'train/1.png', 'car/1.png'], []).classes, ['bus', 'car', 'train']);
  const split = layoutOf('S', ['train/bus/1.png', 'train/train/1.png', 'test/train/2.png'], []);
  t.deepEqual(split.classes, ['bus', 'train']);
  t.deepEqual(split.splits.test, [{ path: 'test/train/2.png', label: 1 }]);
});

for (const [what, files] of Object.entries({
  'in every class': ['cat/train/1.png', 'cat/test/2.png', 'dog/train/1.png', 'dog/test/2.png'],
  'in other capitals and words': ['cat/Training/1.png', 'dog/Validation_Set/1.png'],
  'in one class, below a folder that holds all': ['set/cat/1.png', 'set/dog/train/1.png', 'set/dog/val/2.png'],
})) {
  test(`splits inside classes are refused, ${what}: read as classes they would be one split`, (t) => {
    const message = /^S: expected splits above classes, as \w+\/\w+, but found splits inside classes, as \w+\/\w+$/;
    t.throws(() => layoutOf('S', files, []), { code: 'CONVOY_DATA', message });
  });
}

test('a note tells of classes that look like splits with misspelt names', (t) => {
  const note =
    /^the classes tarin, tset hold folders of the same name \(a\); if they are splits, call them train and test$/;
  const files = ['tarin/a/1.png', 'tarin/b/1.png', 'tset/a/1.png'];
  t.regex(layoutOf('S', files, []).notes.join(), note);
  for (const others of [['tset/1.png'], ['cat/1.png'], ['cat/c/1.png']]) {
    t.deepEqual(layoutOf('S', [...files, ...others], []).notes, []);
  }
});

test('a note tells of classes that differ in capitals alone', (t) => {
  const { notes } = layoutOf('S', ['Cat/1.png', 'cat/1.png', 'dog/1.png', 'ÉTÉ/1.png', 'été/1.png'], []);
  t.deepEqual(notes, [
    'the classes Cat and cat differ in capitals alone',
    'the classes ÉTÉ and été differ in capitals alone',
  ]);
});

test('a folder that holds everything is passed over with a note; it is never the only class', (t) => {
  const { classes, notes } = layoutOf('S', ['all/deep/a/1.png', 'all/deep/b/1.png'], []);
  t.deepEqual(classes, ['a', 'b']);
  t.deepEqual(notes, ['the folder all/deep holds everything, so the folders inside it are read in its place']);
  for (const files of [['cats/1.png'], ['cats/set1/1.png', 'cats/2.png'], ['train/cats/1.png', 'test/cats/1.png']]) {
    t.throws(() => layoutOf('S', files, []), {
      message: /^S: expected at least two classes, a folder each but found one \(cats\)$/,
    });
  }
});

test('an empty folder of a split is refused, one of something else beside the splits is not', (t) => {
  const files = ['train/a/1.png', 'train/b/1.png'];
  t.throws(() => layoutOf('S', files, ['train', 'test']), {
    message: /^S: test: expected folders of classes with images .* but found an empty folder$/,
  });
  t.throws(() => layoutOf('S', [...files, 'val/labels.csv'], ['train']), {
    message: /^S: val: expected .* but found 1 file, none with an image's extension \(1 \.csv\)$/,
  });
  t.is(layoutOf('S', [...files, 'docs/a.txt'], ['docs', 'more']).splits.train.length, 2);
});

test('one class in the two forms of Unicode is one class, in one split or in two', (t) => {
  const [composed, parted] = ['caf\u00e9', 'cafe\u0301'];
  const { classes, splits } = layoutOf('S', [`train/${composed}/1.png`, 'train/tea/1.png', `test/${parted}/2.png`], []);
  t.deepEqual(classes, [composed, 'tea']);
  t.deepEqual(splits.test, [{ path: `test/${parted}/2.png`, label: 0 }]);
  t.deepEqual(layoutOf('S', [`${composed}/1.png`, `${parted}/2.png`, 'tea/1.png'], []).classes, [composed, 'tea']);
});

test('an image that links put into two classes is refused; into one, or beside its own file, it counts once', (t) => {
  const files = new Map(['a/1.png', 'b/1.png'].map((path) => [path, { bytes: 1 }]));
  const listed = (path: string, kept: string, keptIsLink: boolean) =>
    layout.layoutOf('S', { files, folders: [], links: [{ path, kept, keptIsLink }] });
  t.throws(() => listed('b/2.png', 'a/1.png', true), {
    message: /^S: b\/2\.png: expected links to an image from one class but found one from a\/1\.png too$/,
  });
  t.is(listed('a/2.png', 'a/1.png', true).splits.train.length, 2);
  t.regex(listed('b/2.png', 'a/1.png', false).notes.join(), /left out 1 link .*: b\/2\.png/);
});
