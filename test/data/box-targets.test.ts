import test from 'ava';
import { ConvoyError } from '../../src/base/errors.js';
import { levelPoints, levelsAt, levelsOf, pointCount } from '../../src/boxes/index.js';
import { classesOf, objectsOf, selectTargets, targetForm, withCapacity } from '../../src/contracts/index.js';
import { type ArrayDatasetOptions, datasetFromArrays } from '../../src/data/index.js';

const shape = { height: 8, width: 10, channels: 1 };
const images = new Uint8Array(3 * 80);
const boxes = [
  [
    { box: [0, 0, 4, 4], class: 'cat' },
    { box: [2.5, 1, 10, 8], class: 1, ignored: true },
  ],
  [],
  [{ box: [9, 7, 10, 8], class: 'dog' }],
];
const made = (more: Partial<ArrayDatasetOptions> = {}) =>
  datasetFromArrays({ images, shape, boxes, classes: ['cat', 'dog'], ...more });

test('boxes given in code are rows of the fullest image, the others are empty', (t) => {
  const dataset = made();
  const { targets } = dataset;
  if (targets.kind !== 'boxes') return t.fail();
  t.is(targets.capacity, 2);
  t.deepEqual([...targets.boxes.subarray(0, 12)], [0, 0, 4, 4, 0, 1, 2.5, 1, 10, 8, 1, 2]);
  t.true(targets.boxes.subarray(12, 24).every((value) => value === 0));
  t.deepEqual(objectsOf(targets, 2), [{ box: [9, 7, 10, 8], label: 1, ignored: false }]);
  t.deepEqual(
    [0, 1, 2].map((sample) => classesOf(dataset, sample)),
    [[0, 1], [], [1]],
  );
  t.deepEqual(targetForm('boxes', { classes: 2, image: shape, boxes: 5 }), { type: 'float32', shape: [5, 6] });
  // Other boxes are other data.
  t.not(made({ boxes: [boxes[0] ?? [], [], []] }).fingerprint, dataset.fingerprint);
  t.is(made().fingerprint, dataset.fingerprint);
  t.deepEqual(made({ classes: undefined, boxes: [[], [], [{ box: [0, 0, 1, 1], class: 2 }]] } as never).classes, [
    '0',
    '1',
    '2',
  ]);
});

test('boxes are selected by sample, and get more empty rows', (t) => {
  const dataset = made();
  const { targets } = dataset;
  if (targets.kind !== 'boxes') return t.fail();
  const chosen = selectTargets(targets, [2, 0], dataset);
  if (chosen.kind !== 'boxes') return t.fail();
  t.deepEqual([objectsOf(chosen, 0), objectsOf(chosen, 1)], [objectsOf(targets, 2), objectsOf(targets, 0)]);
  const wider = withCapacity(chosen, 4);
  t.is(wider.boxes.length, 2 * 4 * 6);
  t.deepEqual(objectsOf(wider, 1), objectsOf(targets, 0));
});

const wrong: readonly (readonly [string, Partial<ArrayDatasetOptions> | object, RegExp])[] = [
  ['no area', { boxes: [[{ box: [1, 1, 1, 4], class: 0 }], [], []] }, /left < right.*boxes\[0\]\[0\]\.box/],
  ['outside', { boxes: [[], [{ box: [0, 0, 11, 4], class: 0 }], []] }, /inside of 10 by 8.*boxes\[1\]\[0\]/],
  ['not a number', { boxes: [[{ box: [0, 0, Number.NaN, 4], class: 0 }], [], []] }, /boxes\[0\]\[0\]\.box/],
  ['three numbers', { boxes: [[{ box: [0, 0, 4], class: 0 }], [], []] }, /boxes\[0\]\[0\]\.box/],
  ['unknown class', { boxes: [[{ box: [0, 0, 4, 4], class: 'cow' }], [], []] }, /one of cat, dog.*"cow"/],
  ['class beyond', { boxes: [[{ box: [0, 0, 4, 4], class: 2 }], [], []] }, /one of cat, dog.*2/],
  ['too few lists', { boxes: [[]] }, /one list for each of the 3 images/],
  ['labels too', { labels: [0, 1, 0] }, /boxes excludes labels/],
];

for (const [what, more, message] of wrong) {
  test(`boxes are refused with image and object: ${what}`, (t) => {
    const error = t.throws(() => made(more), { instanceOf: ConvoyError });
    t.is(error?.code, 'CONVOY_OPTION');
    t.regex(error?.message ?? '', message);
  });
}

test('levels follow from the number of their points', (t) => {
  for (const strides of [[8, 16, 32], [4, 8], [16], [2, 4, 8, 16]]) {
    const image = { height: 64, width: 96 };
    const levels = levelsAt(image, strides);
    t.is(
      pointCount(levels),
      strides.reduce((sum, stride) => sum + (64 / stride) * (96 / stride), 0),
    );
    t.deepEqual(levelsOf(image, pointCount(levels)), levels);
  }
  t.is(levelsOf({ height: 64, width: 96 }, 127), undefined);
  const { x, y, stride } = levelPoints(levelsAt({ height: 4, width: 8 }, [2, 4]));
  t.deepEqual([...x], [1, 3, 5, 7, 1, 3, 5, 7, 2, 6]);
  t.deepEqual([...y], [1, 1, 1, 1, 3, 3, 3, 3, 2, 2]);
  t.deepEqual([...stride], [2, 2, 2, 2, 2, 2, 2, 2, 4, 4]);
});
