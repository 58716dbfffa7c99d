import test from 'ava';
import { RandomStream } from '../../../src/base/random.js';
import { gradients } from '../../../src/graph/gradients/reverse.js';
import { withMinimalFiltering } from '../../../src/graph/minimal-filtering.js';
import type { Native } from '../../../src/native/index.js';
import { GraphBuilder } from '../../../src/ops/builder.js';
import { binary } from '../../../src/ops/elementwise.js';
import { biasAdd, conv2d } from '../../../src/ops/neural.js';
import { relu } from '../../../src/ops/rectify.js';
import { reduce } from '../../../src/ops/reduce.js';
import type { Value } from '../../../src/ops/types.js';
import { relativeDifference } from '../../support/engine-run.js';
import { GraphEvaluation } from '../../support/graph-eval.js';
import { type Case, reference, Tensor, titleOf } from '../convolution-case.js';

/** Images whose tiles are whole or not, channels that fill vectors or not, filters that are taken in tiles of 2x2. */
const cases: readonly Case[] = [
  { images: 2, size: [8, 8], inputs: 32, filter: [3, 3], outputs: 32, padding: 'SAME' },
  { images: 3, size: [9, 7], inputs: 17, filter: [3, 3], outputs: 21, padding: 'SAME' },
  { images: 1, size: [10, 11], inputs: 16, filter: [3, 3], outputs: 70, padding: 'VALID' },
  { images: 2, size: [6, 6], inputs: 16, filter: [3, 3], outputs: 16, padding: 'SAME', rectified: true },
  { images: 1, size: [5, 4], inputs: 24, filter: [3, 3], outputs: 100, padding: 'SAME' },
  { images: 1, size: [6, 6], inputs: 256, filter: [3, 3], outputs: 256, padding: 'SAME' },
  { images: 2, size: [9, 10], inputs: 20, filter: [5, 5], outputs: 33, padding: 'SAME', rectified: true },
  { images: 2, size: [8, 9], inputs: 16, filter: [5, 5], outputs: 16, padding: 'VALID' },
  { images: 30, size: [7, 7], inputs: 16, filter: [3, 3], outputs: 16, padding: 'SAME' },
];

/** Convolutions and their gradients by minimal filtering, against float64. */
export default (native: Native): void => {
  for (const each of cases) {
    const { images, size, inputs, filter, outputs, padding, rectified = false } = each;
    test.serial(`minimal filtering, ${titleOf(each)}: output and gradients are those of the definition`, async (t) => {
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
      const weight = (index: number): number => Math.fround(Math.cos(index));
      const expected = reference(each, x, kernel, bias.data, weight);

      const graph = new GraphBuilder({ kernels: ['ConvoyWinogradConvolution', 'ConvoyWinogradFilterGrad'] });
      const placeholders = [
        graph.placeholder('x', 'float32', [-1, ...size, inputs]),
        graph.placeholder('filter', 'float32', kernel.shape),
        graph.placeholder('bias', 'float32', bias.shape),
      ] as const;
      const convolved = conv2d(graph, placeholders[0], placeholders[1], { strides: [1, 1], padding });
      const biased = biasAdd(graph, convolved, placeholders[2]);
      const output = rectified ? relu(graph, biased) : biased;
      const weights = graph.placeholder('weights', 'float32', output.shape);
      const objective = reduce(graph, 'Sum', binary(graph, 'Mul', output, weights));
      const results = [output, ...(gradients(graph, objective, placeholders) as Value[])];
      const nodes = withMinimalFiltering(graph, graph.nodes, results);
      const ops = nodes.map(({ op }) => op);
      t.is(ops.filter((op) => op === 'ConvoyWinogradConvolution').length, 2);
      t.is(ops.filter((op) => op === 'ConvoyWinogradFilterGrad').length, 1);
      t.false(
        ops.some((op) => /^(Conv2D|BiasAdd|Relu$)/.test(op)),
        ops.join(', '),
      );

      const feeds = [x, kernel, bias].map((tensor, index) => ({
        value: placeholders[index] as Value,
        shape: tensor.shape,
        data: Float32Array.from(tensor.data),
      }));
      const data = Float32Array.from(expected.outputs.data, (_, index) => weight(index));
      const evaluation = await GraphEvaluation.open(native, { nodes });
      const found = evaluation.values([...feeds, { value: weights, shape: expected.outputs.shape, data }], results);
      evaluation.graph.dispose();
      const wanted = [expected.outputs.data, expected.x.data, expected.kernel.data, expected.bias];
      for (const [index, name] of ['output', 'x', 'filter', 'bias'].entries()) {
        const difference = relativeDifference(
          found[index] as Float32Array,
          Float32Array.from(wanted[index] as Float64Array),
        );
        // Sums in float32 as those of a direct convolution have 2e-6 at most here; transforms several times that.
        t.true(difference < 5e-6, `${name}: ${difference}`);
      }
    });
  }
};
