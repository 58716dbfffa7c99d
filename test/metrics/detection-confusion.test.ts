import test from 'ava';
import { detectionConfusion } from '../../src/metrics/detection/index.js';

/** An image: objects and detections as left, top, width, height. */
function image(
  truths: readonly { box: readonly number[]; label: number; crowd?: 0 | 1 }[],
  detections: readonly { box: readonly number[]; label: number; score: number }[],
) {
  const labels = (list: readonly { label: number }[]): number[] => list.map(({ label }) => label);
  const boxes = (list: readonly { box: readonly number[] }[]): Float64Array =>
    Float64Array.from(list.flatMap(({ box }) => box));
  return {
    truths: { boxes: boxes(truths), classes: labels(truths), crowd: truths.map(({ crowd = 0 }) => crowd) },
    detections: {
      boxes: boxes(detections),
      classes: labels(detections),
      scores: detections.map(({ score }) => score),
    },
  };
}
const least = { score: 0.3, overlap: 0.5 };

test('each detection finds one object, the surest first, whatever its class', (t) => {
  const cat = { box: [0, 0, 10, 10], label: 0 };
  const dog = { box: [20, 0, 10, 10], label: 1 };
  const seen = image(
    [cat, dog, { box: [50, 50, 10, 10], label: 1 }],
    [
      { ...cat, score: 0.9 },
      { ...cat, score: 0.8 }, // the cat is found already
      { ...dog, label: 0, score: 0.7 },
      { ...dog, score: 0.2 }, // under the score
    ],
  );
  const { table, mistakes } = detectionConfusion([seen, image([], [])], 2, least);
  t.deepEqual(table, [
    [1, 0, 0],
    [1, 0, 1],
    [1, 0, 0],
  ]);
  t.deepEqual(mistakes, [
    { missed: 2, wrong: 2 },
    { missed: 0, wrong: 0 },
  ]);
});

test('overlaps below the bound find nothing; a region to ignore takes detections away', (t) => {
  const region = { box: [0, 0, 100, 100], label: 0, crowd: 1 } as const;
  const inside = { box: [10, 10, 5, 5], label: 0, score: 0.9 };
  t.deepEqual(detectionConfusion([image([region], [inside])], 1, least).table, [
    [0, 0],
    [0, 0],
  ]);
  // 10x10 moved by 4: 60 of 140 pixels, an IoU of 0.43; by 3: 70 of 130, 0.54.
  const moved = (by: number) =>
    detectionConfusion(
      [image([{ box: [0, 0, 10, 10], label: 0 }], [{ box: [by, 0, 10, 10], label: 0, score: 0.5 }])],
      1,
      least,
    );
  t.deepEqual(moved(3).table, [
    [1, 0],
    [0, 0],
  ]);
  t.deepEqual(moved(4).table, [
    [0, 1],
    [1, 0],
  ]);
});
