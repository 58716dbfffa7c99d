/** Every function against torchvision: test/fixtures/vision/boxes.py. */
import { readFileSync } from 'node:fs';
import test, { type ExecutionContext } from 'ava';
import { z } from 'zod';
import {
  batchedNonMaximumSuppression,
  boxAreas,
  boxIou,
  cellAnchors,
  clipBoxes,
  completeBoxIou,
  convertBoxes,
  decodeBoxes,
  defaultBoxes,
  encodeBoxes,
  generalizedBoxIou,
  gridAnchors,
  gridPoints,
  largeBoxes,
  nonMaximumSuppression,
  pyramidLevels,
  roiAlign,
  roiAlignGradient,
} from '../../src/boxes/index.js';

const numbers = z.array(z.number());
const rows = z.array(numbers);
const byThreshold = z.record(z.string(), numbers);
const fixture = z
  .object({
    ...{ a: rows, b: rows, whole: rows, iou: rows, generalized: rows, complete: rows, wholeIou: rows, area: numbers },
    ...{ clipped: rows, large: numbers, xywh: rows, cxcywh: rows, features: numbers, rois: rows },
    nms: z.object({
      ...{ boxes: rows, scores: numbers, classes: numbers, tenths: rows, falling: numbers },
      ...{ kept: byThreshold, kept32: byThreshold, batched: byThreshold },
      ...{ tenthsKept32: byThreshold, tenthsKept64: byThreshold },
    }),
    aligns: z.array(
      z.object({
        ...{ scale: z.number(), samplingRatio: z.number(), aligned: z.boolean() },
        ...{ bins: z.tuple([z.number(), z.number()]), result: numbers, weight: numbers, gradient: numbers },
      }),
    ),
    ...{ anchors: z.array(rows), defaults: rows, levelSides: numbers, levels: numbers },
    ...{ proposals: rows, offsets: rows, encoded: rows, decoded: rows },
  })
  .parse(JSON.parse(readFileSync(new URL('../../../test/fixtures/vision/boxes.json', import.meta.url), 'utf8')));

const flat = (values: readonly number[][]): Float64Array => Float64Array.from(values.flat());
const a = flat(fixture.a);
const b = flat(fixture.b);

function near(t: ExecutionContext, found: ArrayLike<number>, expected: ArrayLike<number>, tolerance = 1e-12): void {
  t.is(found.length, expected.length);
  for (let i = 0; i < expected.length; i++) {
    const [value = Number.NaN, wanted = Number.NaN] = [found[i], expected[i]];
    if (!(Math.abs(value - wanted) <= tolerance * Math.max(1, Math.abs(wanted))))
      t.fail(`${i}: ${value}, not ${wanted}`);
  }
}

test('IoU, generalized and complete IoU of all pairs are those of torchvision', (t) => {
  near(t, boxIou(a, b), flat(fixture.iou));
  near(t, generalizedBoxIou(a, b), flat(fixture.generalized));
  near(t, completeBoxIou(a, b), flat(fixture.complete));
  t.deepEqual([...boxIou(flat(fixture.whole), flat(fixture.whole))], fixture.wholeIou.flat());
});

test('areas, clipping, small boxes and conversions are those of torchvision', (t) => {
  near(t, boxAreas(a), fixture.area);
  near(t, clipBoxes(a, { width: 25, height: 30 }), flat(fixture.clipped));
  t.deepEqual([...largeBoxes(a, 10)], fixture.large);
  near(t, convertBoxes(a, 'xyxy', 'xywh'), flat(fixture.xywh));
  near(t, convertBoxes(a, 'xyxy', 'cxcywh'), flat(fixture.cxcywh));
  near(t, convertBoxes(flat(fixture.xywh), 'xywh', 'cxcywh'), flat(fixture.cxcywh));
  near(t, convertBoxes(flat(fixture.cxcywh), 'cxcywh', 'xyxy'), a);
  t.true(convertBoxes(Float32Array.from(a), 'xyxy', 'xywh') instanceof Float32Array);
});

test('suppression keeps the boxes that torchvision keeps, ties by row', (t) => {
  const { nms } = fixture;
  const boxes = flat(nms.boxes);
  const scores = Float64Array.from(nms.scores);
  const [boxes32, scores32] = [Float32Array.from(boxes), Float32Array.from(scores)];
  for (const threshold of Object.keys(nms.kept)) {
    t.deepEqual([...nonMaximumSuppression(boxes, scores, Number(threshold))], nms.kept[threshold]);
    t.deepEqual([...nonMaximumSuppression(boxes32, scores32, Number(threshold))], nms.kept32[threshold]);
  }
  for (const threshold of Object.keys(nms.batched)) {
    const kept = batchedNonMaximumSuppression(boxes, scores, nms.classes, Number(threshold));
    t.deepEqual([...kept], nms.batched[threshold]);
  }
  t.is(nonMaximumSuppression(new Float32Array(), new Float32Array(), 0.5).length, 0);
});

test('IoUs at the threshold are rounded to the precision of the boxes, as torchvision rounds', (t) => {
  const { nms } = fixture;
  for (const threshold of Object.keys(nms.tenthsKept32)) {
    const [boxes, scores] = [flat(nms.tenths), Float64Array.from(nms.falling)];
    const [boxes32, scores32] = [Float32Array.from(boxes), Float32Array.from(scores)];
    t.deepEqual([...nonMaximumSuppression(boxes32, scores32, Number(threshold))], nms.tenthsKept32[threshold]);
    t.deepEqual([...nonMaximumSuppression(boxes, scores, Number(threshold))], nms.tenthsKept64[threshold]);
  }
});

test('RoIAlign and its gradient are those of torchvision, aligned and not, with and without a sampling ratio', (t) => {
  const boxes = flat(fixture.rois.map((row) => row.slice(1)));
  const images = fixture.rois.map(([image = 0]) => image);
  const maps = { data: Float64Array.from(fixture.features), height: 6, width: 9, channels: 3 };
  for (const { result, weight, gradient, ...options } of fixture.aligns) {
    near(t, roiAlign(maps, boxes, images, options), result);
    near(t, roiAlignGradient(Float64Array.from(weight), maps, boxes, images, options), gradient);
  }
});

test('anchors, default boxes and levels of a pyramid are those of torchvision', (t) => {
  const [first = [], second = []] = fixture.anchors;
  const small = cellAnchors([32, 48], [0.5, 1, 2]);
  t.deepEqual([...gridAnchors(small, { height: 4, width: 6 }, [16, 16])], first.flat());
  t.deepEqual([...gridAnchors(cellAnchors([63], [0.3, 1]), { height: 2, width: 3 }, [32, 32])], second.flat());
  const grids = [
    { height: 4, width: 6 },
    { height: 2, width: 3 },
  ];
  const made = defaultBoxes({ aspectRatios: [[2], [2, 3]], least: 0.2, most: 0.95 }, grids, { height: 64, width: 96 });
  near(t, made, fixture.defaults.flat(), 1e-5); // torchvision computes in float32
  const squares = Float64Array.from(fixture.levelSides.flatMap((side) => [0, 0, side, side]));
  t.deepEqual([...pyramidLevels(squares, { first: 2, last: 5 })], fixture.levels);
});

test('the points of a grid are the centres of its cells', (t) => {
  t.deepEqual([...gridPoints({ height: 2, width: 3 }, [8, 4])], [2, 4, 6, 4, 10, 4, 2, 12, 6, 12, 10, 12]);
});

test('coding of boxes is that of torchvision, with weights and the cut of growth', (t) => {
  const proposals = flat(fixture.proposals);
  const weights = [10, 10, 5, 5] as const;
  near(t, encodeBoxes(a, proposals, weights), flat(fixture.encoded));
  near(t, decodeBoxes(flat(fixture.offsets), proposals, weights), flat(fixture.decoded));
  near(t, decodeBoxes(encodeBoxes(a, proposals), proposals), a);
});
