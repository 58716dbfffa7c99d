/** Scores of segmentations and of anomaly detection against other libraries: test/fixtures/vision/scores.py. */
import { readFileSync } from 'node:fs';
import test, { type ExecutionContext } from 'ava';
import { z } from 'zod';
import { areaUnderRoc, regionOverlap, ssim, ssimMap } from '../../src/metrics/anomaly/index.js';
import { cocoEvaluate, vocEvaluate } from '../../src/metrics/detection/index.js';
import { rocCurve } from '../../src/metrics/index.js';
import { countPixels, segmentationScores } from '../../src/metrics/segmentation/index.js';

const numbers = z.array(z.number());
const fixture = z
  .object({
    segmentation: z.object({
      ...{ classes: z.number(), labels: numbers, predictions: numbers, confusion: numbers, pixelAccuracy: z.number() },
      ...{ meanIou: z.number(), iou: numbers, meanDice: z.number(), dice: numbers },
    }),
    ranking: z.array(z.object({ scores: numbers, positive: numbers, area: z.number() })),
    masks: z.array(numbers),
    regions: z.array(z.object({ maps: z.array(numbers), limit: z.number(), area: z.number(), count: z.number() })),
    ssim: z.object({ a: numbers, b: numbers, mean: z.number(), map: numbers }),
  })
  .parse(JSON.parse(readFileSync(new URL('../../../test/fixtures/vision/scores.json', import.meta.url), 'utf8')));

function near(t: ExecutionContext, found: number | undefined, expected: number | undefined, tolerance = 1e-12): void {
  t.true(Math.abs((found ?? Number.NaN) - (expected ?? Number.NaN)) < tolerance, `${found}, not ${expected}`);
}

test('confusion matrix, IoU, Dice and pixel accuracy are those of torchmetrics', (t) => {
  const { classes, labels, predictions, ...expected } = fixture.segmentation;
  const confusion = new Float64Array(classes ** 2);
  const half = labels.length / 3;
  countPixels(confusion, predictions.slice(0, half), labels.slice(0, half), { classes });
  countPixels(confusion, predictions.slice(half), labels.slice(half), { classes });
  t.deepEqual([...confusion], expected.confusion);
  const scores = segmentationScores(confusion, classes);
  const tolerance = 1e-6; // torchmetrics has float32
  for (const name of ['meanIou', 'meanDice', 'pixelAccuracy'] as const)
    near(t, scores[name], expected[name], tolerance);
  for (const k of [0, 1, 2, 3]) {
    near(t, scores.iouPerClass[k], expected.iou[k], tolerance);
    near(t, scores.dicePerClass[k], expected.dice[k], tolerance);
  }
  t.true(Number.isNaN(scores.iouPerClass[4])); // neither true nor predicted; torchmetrics leaves it out of the mean and says 0
  t.is(scores.pixels, labels.filter((label) => label !== 255).length);
});

test('a label that is no class is refused with its pixel', (t) => {
  t.throws(() => countPixels(new Float64Array(4), [0, 0], [1, 2], { classes: 2, ignoreIndex: 9 }), {
    code: 'CONVOY_DATA',
    message: 'Expected labels from 0 to 1, or 9 to ignore, but found 2 at pixel 1',
  });
});

test('the area under the ROC curve is that of scikit-learn, with ties', (t) => {
  for (const { scores, positive, area } of fixture.ranking) {
    near(t, areaUnderRoc(Float64Array.from(scores), positive), area);
    near(t, rocCurve(Float64Array.from(scores), Uint8Array.from(positive)).area, area);
  }
  t.is(areaUnderRoc(Float32Array.of(1, 2), [1, 1]), Number.NaN);
  t.is(areaUnderRoc(Float32Array.of(1, 1, 1), [1, 0, 0]), 0.5);
});

test('overlap per region is that of its definition: regions of two images, ties, limits', (t) => {
  for (const { maps, limit, area, count } of fixture.regions) {
    const images = maps.map((scores, i) => {
      const defects = Uint8Array.from(fixture.masks[i] ?? []);
      // The second image has no defect: without a mask it is the same.
      const mask = i === 1 && limit === 1 ? {} : { defects };
      return { height: 12, width: 15, scores: Float64Array.from(scores), ...mask };
    });
    const overlap = regionOverlap(images, limit);
    near(t, overlap.area, area);
    t.is(overlap.regions, count);
  }
});

test('scores that are NaN are refused', (t) => {
  const diverged = { code: 'CONVOY_DIVERGED', message: /for the scores of \w+ but the network gave NaN/ } as const;
  const scores = Float32Array.of(1, Number.NaN);
  t.throws(() => areaUnderRoc(scores, [0, 1]), diverged);
  t.throws(() => regionOverlap([{ height: 1, width: 2, scores }]), diverged);
  const boxes = Float64Array.of(0, 0, 1, 1);
  const images = [{ truths: { boxes, classes: [0] }, detections: { boxes, classes: [0], scores: [Number.NaN] } }];
  t.throws(() => cocoEvaluate(images, { classes: 1 }), diverged);
  t.throws(() => vocEvaluate(images, { classes: 1 }), diverged);
});

test('overlap per region counts small and large defects alike', (t) => {
  // A defect of 1 pixel that is found and one of 4 that is not, before any normal pixel: half.
  const scores = Float32Array.of(9, 0, 0, 0, 0, 0, 5, 5, 5, 5);
  const defects = Uint8Array.of(1, 0, 1, 1, 1, 1, 0, 0, 0, 0);
  const { area, regions } = regionOverlap([{ height: 1, width: 10, scores, defects }], 0.3);
  t.is(regions, 2);
  near(t, area, 0.5);
  t.is(regionOverlap([{ height: 1, width: 10, scores }]).area, Number.NaN);
});

test('structural similarity is that of torchmetrics, also at the edges', (t) => {
  const images = { height: 14, width: 12, channels: 2, range: 1 };
  const [a, b] = [Float64Array.from(fixture.ssim.a), Float64Array.from(fixture.ssim.b)];
  ssimMap(a, b, images).forEach((value, at) => near(t, value, fixture.ssim.map[at], 1e-9));
  near(t, ssim(a, b, images), fixture.ssim.mean, 1e-9);
  near(t, ssim(a, a, images), 1);
  t.throws(() => ssimMap(a, b, { ...images, height: 5 }), { message: /sides of 6 pixels/ });
});
