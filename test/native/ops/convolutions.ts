import test from 'ava';
import { RandomStream } from '../../../src/base/random.js';
import { gradients } from '../../../src/graph/gradients/reverse.js';
import type { Native } from '../../../src/native/index.js';
import { GraphBuilder } from '../../../src/ops/builder.js';
import { binary } from '../../../src/ops/elementwise.js';
import { biasAdd, conv2d } from '../../../src/ops/neural.js';
import { placedMaxPool } from '../../../src/ops/pooled.js';
import { reduce } from '../../../src/ops/reduce.js';
import type { Value } from '../../../src/ops/types.js';
import { relativeDifference } from '../../support/engine-run.js';
import { GraphEvaluation } from '../../support/graph-eval.js';
import { bothWays, cases, convolutions, dropOf, kept, reference, Tensor, titleOf } from '../convolution-case.js';

/** Pooled and narrow convolutions in float32 against float64. */
export default (native: Native): void => {
  for (const each of cases) {
    const { images, size, inputs, filter, outputs, padding, window, dropped = false, rectified } = each;
    test.serial(`${titleOf(each)}: output and gradients are those of the definition`, async (t) => {
      const stream = new RandomStream(0, 'test', inputs, outputs, size[0]);
      const drawn = (shape: readonly number[]): Tensor => {
        const tensor = new Tensor(shape);
        tensor.data.forEach((_, index) => (tensor.data[index] = Math.fround(stream.uniform() - 0.5)));
        return tensor;
      };
      const [x, kernel, bias] = [
        drawn([images, ...size, inputs]),
        drawn([...filter, inputs, outputs]),
        drawn([outputs]),
      ] as const;
      // A third of the gradients are zero, as those behind a ReLU are.
      const weight = (index: number): number => (index % 3 === 0 ? 0 : Math.fround(Math.cos(index)));
      const expected = reference(each, x, kernel, bias.data, weight);

      const graph = new GraphBuilder({ kernels: convolutions });
      const placeholders = [
        graph.placeholder('x', 'float32', [-1, ...size, inputs]),
        graph.placeholder('filter', 'float32', kernel.shape),
        graph.placeholder('bias', 'float32', bias.shape),
      ] as const;
      const convolved = biasAdd(
        graph,
        conv2d(graph, placeholders[0], placeholders[1], { strides: [1, 1], padding }),
        placeholders[2],
      );
      const mask = graph.placeholder('mask', 'uint8', convolved.shape);
      const output = dropped
        ? dropOf(graph, convolved, mask)
        : window === undefined
          ? convolved
          : placedMaxPool(graph, convolved, window, rectified);
      const weights = graph.placeholder('weights', 'float32', output.shape);
      const objective = reduce(graph, 'Sum', binary(graph, 'Mul', output, weights));
      const derived = gradients(graph, objective, placeholders) as Value[];
      const ops = new Set(derived.map(({ node }) => node.op));
      t.true(ops.has(window === undefined ? 'ConvoyNarrowFilterGrad' : 'ConvoyPooledFilterGrad'), [...ops].join(', '));
      t.is(ops.has('ConvoyPooledInputGrad'), window !== undefined);
      t.is(output.node.op === 'ConvoyNarrowDropout', dropped);
      t.false(ops.has('BiasAddGrad'), 'the sum for the bias comes with the filter');

      const feeds = [x, kernel, bias].map((tensor, index) => ({
        value: placeholders[index] as Value,
        shape: tensor.shape,
        data: Float32Array.from(tensor.data),
      }));
      const data = Float32Array.from(expected.outputs.data, (_, index) => weight(index));
      const more = [
        { value: weights, shape: expected.outputs.shape, data },
        {
          value: mask,
          shape: expected.outputs.shape,
          data: Uint8Array.from(expected.outputs.data, (_, index) => kept(index)),
        },
      ].slice(0, dropped ? 2 : 1);
      for (const way of bothWays(t, graph, window)) {
        const evaluation = await GraphEvaluation.open(native, way);
        const found = evaluation.values([...feeds, ...more], [output, ...derived]);
        evaluation.graph.dispose();
        const wanted = [expected.outputs.data, expected.x.data, expected.kernel.data, expected.bias];
        for (const [index, name] of ['output', 'x', 'filter', 'bias'].entries()) {
          // Sums of up to a thousand products of numbers below 1/2, in float32: a few times 2^-24 of the largest.
          const difference = relativeDifference(
            found[index] as Float32Array,
            Float32Array.from(wanted[index] as Float64Array),
          );
          t.true(difference < 2e-6, `${name}: ${difference}`);
        }
      }
    });
  }

  for (const convolved of [false, true]) {
    test.serial(
      `NaN goes through a pooling${convolved ? ' of a convolution' : ''}, and of equal elements the first is the one`,
      async (t) => {
        const graph = new GraphBuilder({ kernels: convolutions });
        const x = graph.placeholder('x', 'float32', [-1, 2, 4, 1]);
        const one = conv2d(graph, x, graph.constant(1, 'float32', [1, 1, 1, 1]), { strides: [1, 1], padding: 'SAME' });
        const { outputs } = placedMaxPool(
          graph,
          convolved ? biasAdd(graph, one, graph.constant(0, 'float32', [1])) : x,
          [2, 2],
        ).node;
        for (const way of convolved ? bothWays(t, graph, [2, 2]) : [graph]) {
          const evaluation = await GraphEvaluation.open(native, way);
          const data = Float32Array.of(1, 1, 0, 2, 1, 1, Number.NaN, 3);
          const [most, place] = evaluation.values([{ value: x, shape: [1, 2, 4, 1], data }], outputs);
          evaluation.graph.dispose();
          t.is(most?.[0], 1);
          t.is(place?.[0], 0);
          t.true(Number.isNaN(most?.[1]));
        }
      },
    );
  }
};
