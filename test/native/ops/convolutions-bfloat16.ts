import test from 'ava';
import { RandomStream } from '../../../src/base/random.js';
import { gradients } from '../../../src/graph/gradients/reverse.js';
import { cpuFeatures, type Native } from '../../../src/native/index.js';
import { GraphBuilder } from '../../../src/ops/builder.js';
import { binary, cast } from '../../../src/ops/elementwise.js';
import { biasAdd, conv2d } from '../../../src/ops/neural.js';
import { canPlace, placedMaxPool } from '../../../src/ops/pooled.js';
import { reduce } from '../../../src/ops/reduce.js';
import type { Value } from '../../../src/ops/types.js';
import { GraphEvaluation } from '../../support/graph-eval.js';
import { bothWays, cases, convolutions, dropOf, kept, reference, Tensor, titleOf } from '../convolution-case.js';

/** Convolutions of bfloat16 are TensorFlow's, which has them where the processor has. */
const onBfloat16 = cpuFeatures().bfloat16 ? test.serial : test.serial.skip;

/** Pooled and narrow convolutions in bfloat16. */
export default (native: Native): void => {
  for (const each of cases) {
    const { images, size, inputs, filter, outputs, padding, window, dropped = false, rectified } = each;
    onBfloat16(`bfloat16, ${titleOf(each)}: whole numbers that bfloat16 can hold come out exactly`, async (t) => {
      const stream = new RandomStream(1, 'test', inputs, outputs, size[0]);
      // Few are not zero, so that no sum is above 256, up to where bfloat16 has all whole numbers.
      const drawn = (shape: readonly number[], share: number): Tensor => {
        const tensor = new Tensor(shape);
        tensor.data.forEach((_, index) => (tensor.data[index] = stream.uniform() < share ? stream.below(3) - 1 : 0));
        return tensor;
      };
      const [x, kernel, bias] = [
        drawn([images, ...size, inputs], 0.5),
        drawn([...filter, inputs, outputs], 0.5),
        drawn([outputs], 1),
      ] as const;
      const weight = (index: number): number => (index % 3) - 1;
      const expected = reference(each, x, kernel, bias.data, weight);
      t.true([expected.outputs, expected.x].every(({ data }) => data.every((value) => Math.abs(value) <= 256)));

      const graph = new GraphBuilder({ kernels: [...convolutions, 'bfloat16'] });
      const placeholders = [x, kernel, bias].map(({ shape }, index) =>
        graph.placeholder(`input${index}`, 'float32', shape),
      );
      const [image, weights, added] = placeholders.map((value) => cast(graph, value, 'bfloat16')) as [
        Value,
        Value,
        Value,
      ];
      const convolved = biasAdd(graph, conv2d(graph, image, weights, { strides: [1, 1], padding }), added);
      if (window !== undefined) t.true(canPlace(graph, convolved, window, { strides: window, padding: 'VALID' }));
      const mask = graph.placeholder('mask', 'uint8', convolved.shape);
      const narrow = dropped
        ? dropOf(graph, convolved, mask)
        : window === undefined
          ? convolved
          : placedMaxPool(graph, convolved, window, rectified);
      t.is(narrow.type, 'bfloat16');
      const output = cast(graph, narrow, 'float32');
      const factors = graph.placeholder('weights', 'float32', output.shape);
      const derived = gradients(
        graph,
        reduce(graph, 'Sum', binary(graph, 'Mul', output, factors)),
        placeholders,
      ) as Value[];
      const ops = new Set(
        derived.map(({ node }) => (node.op === 'Cast' ? (node.inputs[0] as Value).node.op : node.op)),
      );
      t.true(ops.has(window === undefined ? 'ConvoyNarrowFilterGrad' : 'ConvoyPooledFilterGrad'), [...ops].join(', '));
      const feeds = [x, kernel, bias].map(({ shape, data }, index) => ({
        value: placeholders[index] as Value,
        shape,
        data: Float32Array.from(data),
      }));
      const data = Float32Array.from(expected.outputs.data, (_, index) => weight(index));
      const more = [
        { value: factors, shape: expected.outputs.shape, data },
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
          t.true(
            wanted[index]?.every((value, at) => value === found[index]?.[at]),
            name,
          );
        }
      }
    });
  }
};
