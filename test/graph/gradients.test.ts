import test from 'ava';
import { permutation, RandomStream } from '../../src/base/random.js';
import { differentiableOps, gradients } from '../../src/graph/gradients/reverse.js';
import { loadNative } from '../../src/native/index.js';
import { GraphBuilder } from '../../src/ops/builder.js';
import { binary } from '../../src/ops/elementwise.js';
import { reduce } from '../../src/ops/reduce.js';
import type { Shape, Value } from '../../src/ops/types.js';
import { batch, cases } from '../support/gradient-cases.js';
import { type Feed, GraphEvaluation } from '../support/graph-eval.js';

const native = await loadNative();
const own = native.kernels.ops.length > 0;

/**
 * Cast is its own inverse up to rounding, which no difference quotient sees; the test of bfloat16 models covers it.
 */
test('every op with a gradient is checked here', (t) => {
  const checked = new Set(Object.keys(cases).map((title) => title.split(' ')[0]));
  t.deepEqual(
    differentiableOps.filter((op) => !checked.has(op)),
    ['Cast'],
  );
});

for (const [title, { shapes, build }] of Object.entries(cases)) {
  // Kernels of our own are not on every machine.
  const check = title.startsWith('Convoy') && !own ? test.serial.skip : test.serial;
  check(`the gradient of ${title} is its difference quotient`, async (t) => {
    const graph = new GraphBuilder({ kernels: native.kernels.ops });
    const inputs = shapes.map((shape, index) => graph.placeholder(`x${index}`, 'float32', shape));
    const output = build(graph, ...inputs);
    // The objective weighs the outputs by different numbers, so that no error cancels another.
    const sizes = output.shape.map((size) => (size < 0 ? batch : size));
    const count = sizes.reduce((product, size) => product * size, 1);
    const weights = graph.placeholder('weights', 'float32', output.shape);
    const weightFeed: Feed = {
      value: weights,
      shape: sizes,
      data: Float32Array.from({ length: count }, (_, index) => Math.cos(index * 1.7) + 0.1),
    };
    const objective = reduce(graph, 'Sum', binary(graph, 'Mul', output, weights));
    const derived = gradients(graph, objective, inputs);
    const evaluation = await GraphEvaluation.open(native, graph);

    // All inputs are different points of one grid in (-1, 1): no two are near each other or zero, where kinks are.
    const fed = shapes.map((shape) => shape.map((size) => (size < 0 ? batch : size)));
    const lengths = fed.map((shape) => shape.reduce((product, size) => product * size, 1));
    const total = lengths.reduce((sum, length) => sum + length, 0);
    const grid = permutation(total, new RandomStream(1, 'test'));
    const step = 2 / (total + (total % 2));
    let next = 0;
    const points: Feed[] = inputs.map((value, index) => ({
      value,
      shape: fed[index] as Shape,
      data: Float32Array.from({ length: lengths[index] as number }, () => ((grid[next++] as number) + 0.5) * step - 1),
    }));
    const feeds = [...points, weightFeed];
    const analytic = evaluation.values(feeds, derived as Value[]);
    // Central differences err by h^2 f'''/6 and by float32 rounding of the objective over h; with h a quarter of the
    // grid, at most 0.05, both stay below 1e-3 of the largest slope for the functions here.
    const h = Math.min(step / 4, 0.02);
    for (const [place, { data }] of points.entries()) {
      const slopes = analytic[place] as Float32Array;
      const size = slopes.reduce((most, slope) => Math.max(most, Math.abs(slope)), 0);
      data.forEach((center, index) => {
        const at = (x: number): number => {
          data[index] = x;
          return evaluation.values(feeds, [objective])[0]?.[0] as number;
        };
        const quotient = (at(center + h) - at(center - h)) / (2 * h);
        data[index] = center;
        const difference = Math.abs(quotient - (slopes[index] as number));
        t.true(
          difference < 2e-3 * Math.max(size, 1),
          `input ${place} element ${index}: ${slopes[index]} for ${quotient}`,
        );
      });
    }
    evaluation.graph.dispose();
  });
}
