import test from 'ava';
import { detectionsOf, withProbabilities } from '../../src/models/index.js';

const image = { height: 20, width: 30 };
const logit = (p: number): number => Math.log(p / (1 - p));

/** Rows of points: a box and the probabilities of two classes. */
function outputs(...rows: readonly (readonly number[])[]): Float32Array {
  return Float32Array.from(
    rows.flatMap(([left = 0, top = 0, right = 0, bottom = 0, a = 0, b = 0]) => [
      left,
      top,
      right,
      bottom,
      logit(a),
      logit(b),
    ]),
  );
}

function found(given: Float32Array, options: object = {}): number[][] {
  const { boxes, classes, scores } = detectionsOf(given, { classes: 2, image, ...options });
  return Array.from(classes, (label, row) => [
    ...boxes.subarray(4 * row, 4 * row + 4),
    label,
    Math.round(1000 * (scores[row] as number)) / 1000,
  ]);
}

test('detections: a threshold, suppression class by class, falling scores, cut to the image', (t) => {
  const given = outputs(
    [0, 0, 10, 10, 0.9, 0.01],
    // IoU with the first 8 / 12: the same class goes, the other stays.
    [0, 2, 10, 12, 0.8, 0.7],
    // IoU with the first 7 / 13: stays.
    [0, 3, 10, 13, 0.6, 0.01],
    [20, 10, 40, 30, 0.04, 0.95],
    // Outside of the image: nothing is left.
    [31, 0, 40, 10, 0.99, 0.01],
  );
  const all = [
    [20, 10, 30, 20, 1, 0.95],
    [0, 0, 10, 10, 0, 0.9],
    [0, 2, 10, 12, 1, 0.7],
    [0, 3, 10, 13, 0, 0.6],
  ];
  t.deepEqual(found(given), all);
  t.deepEqual(found(given, { threshold: 0.65 }), all.slice(0, 3));
  t.deepEqual(found(given, { most: 2 }), all.slice(0, 2));
  t.deepEqual(found(given, { overlap: 0.5 }), all.slice(0, 3));
  // The second stays, and drops the third: 9 / 11.
  t.deepEqual(
    found(given, { overlap: 0.7 }).map((row) => row[5]),
    [0.95, 0.9, 0.8, 0.7],
  );
  t.deepEqual(found(new Float32Array()), []);
});

test('outputs that are not finite are told', (t) => {
  for (const place of [0, 4]) {
    const given = outputs([0, 0, 10, 10, 0.9, 0.1]);
    given[place] = Number.NaN;
    t.throws(() => detectionsOf(given, { classes: 2, image }), { code: 'CONVOY_DIVERGED', message: /NaN/ });
  }
});

test('probabilities take the place of logits, boxes stay', (t) => {
  const rounded = Array.from(
    withProbabilities(outputs([1, 2, 3, 4, 0.25, 0.75]), 2),
    (value) => Math.round(1e5 * value) / 1e5,
  );
  t.deepEqual(rounded, [1, 2, 3, 4, 0.25, 0.75]);
});
