import { readFileSync } from 'node:fs';
import test from 'ava';
import { pyramidLevels, roiAlign as reference } from '../../src/boxes/index.js';
import { gradients } from '../../src/graph/gradients/reverse.js';
import { loadNative } from '../../src/native/index.js';
import { GraphBuilder } from '../../src/ops/builder.js';
import { binary } from '../../src/ops/elementwise.js';
import { reduce } from '../../src/ops/reduce.js';
import { roiAlign } from '../../src/ops/roi-align.js';
import type { Value } from '../../src/ops/types.js';
import { relativeDifference } from '../support/engine-run.js';
import { GraphEvaluation } from '../support/graph-eval.js';
import { noise } from '../support/made-up-weights.js';

/** Written by `test/fixtures/vision/boxes.py` with torchvision's binary operators: maps of 2x6x9x3. */
const fixture = JSON.parse(readFileSync('test/fixtures/vision/boxes.json', 'utf8')) as {
  readonly features: number[];
  readonly rois: number[][];
  readonly aligns: readonly {
    readonly scale: number;
    readonly samplingRatio: number;
    readonly aligned: boolean;
    readonly bins: [number, number];
    readonly result: number[];
    readonly weight: number[];
    readonly gradient: number[];
  }[];
};
const sampled = fixture.aligns.filter(({ samplingRatio }) => samplingRatio > 0);

for (const { scale, bins, samplingRatio, aligned, result, weight, gradient } of sampled) {
  test.serial(`regions and their gradient are torchvision's: ${bins.join('x')} bins, aligned ${aligned}`, async (t) => {
    const graph = new GraphBuilder();
    const map = graph.placeholder('map', 'float32', [-1, 6, 9, 3]);
    const boxes = graph.placeholder('boxes', 'float32', [-1, 4]);
    const images = graph.placeholder('images', 'int32', [-1]);
    const found = roiAlign(graph, [map], boxes, images, { bins, strides: [1 / scale], samplingRatio, aligned });
    const weights = graph.placeholder('weights', 'float32', [-1, ...bins, 3]);
    const total = reduce(graph, 'Sum', binary(graph, 'Mul', found, weights));
    const [slope] = gradients(graph, total, [map]);
    const evaluation = await GraphEvaluation.open(await loadNative(), graph);
    const count = fixture.rois.length;
    const feeds = [
      { value: map, data: Float32Array.from(fixture.features), shape: [2, 6, 9, 3] },
      { value: boxes, data: Float32Array.from(fixture.rois.flatMap((row) => row.slice(1))), shape: [count, 4] },
      { value: images, data: Int32Array.from(fixture.rois, ([image = 0]) => image), shape: [count] },
      { value: weights, data: Float32Array.from(weight), shape: [count, ...bins, 3] },
    ];
    const [values, slopes] = evaluation.values(feeds, [found, slope as Value]) as [Float32Array, Float32Array];
    evaluation.graph.dispose();
    t.true(relativeDifference(values, Float32Array.from(result)) < 1e-5);
    t.true(relativeDifference(slopes, Float32Array.from(gradient)) < 1e-5);
  });
}

test.serial('each region is sampled from the level for its size', async (t) => {
  const strides = [4, 8, 16];
  const sides = [32, 16, 8];
  const maps = sides.map((side, level) => noise(`map ${level}`, 2 * side * side * 3));
  // Sides of 40, 90, 112, 120 and 600 pixels; of the levels of strides 4, 4, 8, 8 and 16.
  const boxes = [
    [3, 5, 43, 45],
    [10, 20, 100, 110],
    [0, 0, 112, 112],
    [5.5, 2, 125.5, 122],
    [-300, -200, 300, 400],
  ];
  const images = [0, 1, 1, 0, 1];
  const corners = Float32Array.from(boxes.flat());
  const levels = pyramidLevels(corners, { first: 2, last: 4 });
  t.deepEqual([...levels], [0, 0, 1, 1, 2]);
  const settings = { bins: [2, 3] as [number, number], samplingRatio: 2, aligned: false };
  const expected = boxes.flatMap((box, row) => {
    const level = levels[row] as number;
    const side = sides[level] as number;
    const map = { data: maps[level] as Float32Array, height: side, width: side, channels: 3 };
    const scale = 1 / (strides[level] as number);
    return [...reference(map, Float32Array.from(box), [images[row] as number], { ...settings, scale })];
  });
  const graph = new GraphBuilder();
  const inputs = sides.map((side, level) => graph.placeholder(`map${level}`, 'float32', [-1, side, side, 3]));
  const [given, places] = [graph.placeholder('boxes', 'float32', [-1, 4]), graph.placeholder('images', 'int32', [-1])];
  const found = roiAlign(graph, inputs, given, places, { ...settings, strides });
  const evaluation = await GraphEvaluation.open(await loadNative(), graph);
  const feeds = [
    ...inputs.map((value, level) => {
      const side = sides[level] as number;
      return { value, data: maps[level] as Float32Array, shape: [2, side, side, 3] };
    }),
    { value: given, data: corners, shape: [5, 4] },
    { value: places, data: Int32Array.from(images), shape: [5] },
  ];
  const [values = new Float32Array()] = evaluation.values(feeds, [found]);
  evaluation.graph.dispose();
  t.true(relativeDifference(values, Float32Array.from(expected)) < 1e-5);
});
