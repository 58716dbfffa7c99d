import test, { type ExecutionContext } from 'ava';
import { RandomStream } from '../../src/base/random.js';
import { withPooledConvolutions } from '../../src/graph/fuse.js';
import { gradients } from '../../src/graph/gradients/reverse.js';
import { cpuFeatures, loadNative } from '../../src/native/index.js';
import { GraphBuilder } from '../../src/ops/builder.js';
import { binary, cast } from '../../src/ops/elementwise.js';
import { narrowDropout } from '../../src/ops/narrow.js';
import { biasAdd, conv2d, type Padding } from '../../src/ops/neural.js';
import { canPlace, placedMaxPool } from '../../src/ops/pooled.js';
import { reluGradient } from '../../src/ops/rectify.js';
import { reduce } from '../../src/ops/reduce.js';
import type { Value } from '../../src/ops/types.js';
import { relativeDifference } from '../support/engine-run.js';
import { GraphEvaluation } from '../support/graph-eval.js';

/** A convolution with bias, and the maximum pooling behind it, if there is one. */
interface Case {
  readonly images: number;
  readonly size: readonly [number, number];
  readonly inputs: number;
  readonly filter: readonly [number, number];
  readonly outputs: number;
  readonly padding: Padding;
  readonly window?: readonly [number, number];
  /** Instead of a pooling, ReLU and dropout. */
  readonly dropped?: boolean;
  /** A ReLU behind the pooling. */
  readonly rectified?: boolean;
}

const cases: readonly Case[] = [
  // Rows of a filter longer and shorter than tiles of vectors, channels that fill no vector, rests of images and windows.
  { images: 2, size: [8, 8], inputs: 32, filter: [3, 3], outputs: 32, padding: 'SAME', window: [2, 2] },
  { images: 3, size: [9, 7], inputs: 5, filter: [3, 3], outputs: 11, padding: 'SAME', window: [2, 2] },
  { images: 2, size: [12, 12], inputs: 32, filter: [5, 5], outputs: 24, padding: 'VALID', window: [2, 2] },
  { images: 2, size: [10, 11], inputs: 24, filter: [2, 4], outputs: 9, padding: 'VALID', window: [3, 2] },
  { images: 2, size: [6, 12], inputs: 48, filter: [1, 1], outputs: 16, padding: 'SAME', window: [3, 3] },
  { images: 1, size: [16, 16], inputs: 100, filter: [3, 3], outputs: 70, padding: 'SAME', window: [4, 4] },
  { images: 2, size: [20, 18], inputs: 64, filter: [3, 3], outputs: 40, padding: 'SAME', window: [2, 2] },
  { images: 2, size: [10, 10], inputs: 12, filter: [3, 3], outputs: 5, padding: 'SAME', window: [5, 5] },
  { images: 3, size: [2, 2], inputs: 1, filter: [3, 3], outputs: 6, padding: 'SAME', window: [2, 2] },
  {
    images: 2,
    size: [12, 12],
    inputs: 32,
    filter: [3, 3],
    outputs: 24,
    padding: 'SAME',
    window: [2, 2],
    rectified: true,
  },
  {
    images: 2,
    size: [13, 10],
    inputs: 7,
    filter: [3, 3],
    outputs: 21,
    padding: 'VALID',
    window: [3, 2],
    rectified: true,
  },
  { images: 2, size: [8, 8], inputs: 3, filter: [3, 3], outputs: 20, padding: 'SAME', window: [2, 2], rectified: true },
  // Few inputs: vectors lie along the outputs.
  {
    images: 2,
    size: [8, 12],
    inputs: 1,
    filter: [3, 3],
    outputs: 33,
    padding: 'SAME',
    window: [2, 2],
    rectified: true,
  },
  { images: 3, size: [12, 12], inputs: 1, filter: [5, 5], outputs: 32, padding: 'VALID', window: [2, 2] },
  { images: 2, size: [8, 9], inputs: 3, filter: [3, 3], outputs: 20, padding: 'SAME', window: [2, 2] },
  { images: 2, size: [9, 9], inputs: 1, filter: [3, 3], outputs: 7, padding: 'SAME', window: [3, 3] },
  { images: 2, size: [8, 8], inputs: 3, filter: [3, 3], outputs: 32, padding: 'SAME' },
  { images: 3, size: [7, 9], inputs: 1, filter: [5, 4], outputs: 43, padding: 'VALID' },
  { images: 1, size: [6, 6], inputs: 4, filter: [4, 4], outputs: 8, padding: 'SAME' },
  { images: 3, size: [7, 9], inputs: 2, filter: [3, 3], outputs: 16, padding: 'SAME' },
  { images: 2, size: [6, 11], inputs: 3, filter: [3, 3], outputs: 48, padding: 'SAME', dropped: true },
  { images: 2, size: [8, 8], inputs: 3, filter: [3, 3], outputs: 32, padding: 'SAME', dropped: true },
  { images: 3, size: [7, 9], inputs: 1, filter: [5, 4], outputs: 61, padding: 'VALID', dropped: true },
];

const native = await loadNative();
const convolutions = ['ConvoyMaxPool', 'ConvoyNarrowDropout', 'ConvoyNarrowFilterGrad'];
const fusing = native.kernels.ops.filter((op) => op === 'ConvoyPooledConvolution');
const onKernels = native.kernels.ops.length > 0 ? test.serial : test.serial.skip;
/** Convolutions of bfloat16 are TensorFlow's, which has them where the processor has. */
const onBfloat16 = cpuFeatures().bfloat16 ? onKernels : test.serial.skip;

/** A tensor in row order, and how to reach into it. */
class Tensor {
  constructor(
    readonly shape: readonly number[],
    readonly data: Float64Array = new Float64Array(shape.reduce((product, size) => product * size, 1)),
  ) {}

  at(...place: readonly number[]): number {
    return place.reduce((offset, index, axis) => offset * (this.shape[axis] as number) + index, 0);
  }
}

/** Which elements a dropout leaves, as bytes: three of four. */
const kept = (index: number): number => (index % 4 === 1 ? 0 : 1);

/** Everything in float64, element by element, as the definitions have it; `weights` are the gradient of the output. */
function reference(
  {
    images,
    size,
    inputs,
    filter,
    outputs,
    padding,
    window: [tall, broad] = [1, 1],
    dropped = false,
    rectified = false,
  }: Case,
  x: Tensor,
  kernel: Tensor,
  bias: Float64Array,
  weights: (index: number) => number,
): { readonly outputs: Tensor; readonly x: Tensor; readonly kernel: Tensor; readonly bias: Float64Array } {
  const same = padding === 'SAME';
  const [top, left] = filter.map((length) => (same ? Math.floor((length - 1) / 2) : 0)) as [number, number];
  const [height, width] = size.map((length, axis) => (same ? length : length - (filter[axis] as number) + 1)) as [
    number,
    number,
  ];
  const pooled = new Tensor([images, Math.floor(height / tall), Math.floor(width / broad), outputs]);
  const gradient = {
    outputs: pooled,
    x: new Tensor(x.shape),
    kernel: new Tensor(kernel.shape),
    bias: new Float64Array(outputs),
  };
  const taps = (
    n: number,
    row: number,
    column: number,
    output: number,
    use: (from: number, by: number) => void,
  ): void => {
    for (let i = 0; i < filter[0]; i++) {
      for (let j = 0; j < filter[1]; j++) {
        const [y, z] = [row + i - top, column + j - left];
        if (y < 0 || y >= size[0] || z < 0 || z >= size[1]) continue;
        for (let input = 0; input < inputs; input++) use(x.at(n, y, z, input), kernel.at(i, j, input, output));
      }
    }
  };
  const value = (n: number, row: number, column: number, output: number): number => {
    let sum = bias[output] as number;
    taps(n, row, column, output, (from, by) => (sum += (x.data[from] as number) * (kernel.data[by] as number)));
    return sum;
  };
  for (let n = 0, index = 0; n < images; n++) {
    for (let row = 0; row < (pooled.shape[1] as number); row++) {
      for (let column = 0; column < (pooled.shape[2] as number); column++) {
        for (let output = 0; output < outputs; output++, index++) {
          let most = { value: Number.NEGATIVE_INFINITY, row: 0, column: 0 };
          for (let i = 0; i < tall; i++) {
            for (let j = 0; j < broad; j++) {
              const place = { row: row * tall + i, column: column * broad + j };
              const found = value(n, place.row, place.column, output);
              if (found > most.value) most = { value: found, ...place };
            }
          }
          if ((dropped || rectified) && most.value <= 0) continue;
          if (dropped && kept(index) === 0) continue;
          pooled.data[index] = most.value;
          const g = weights(index);
          gradient.bias[output] = (gradient.bias[output] as number) + g;
          taps(n, most.row, most.column, output, (from, by) => {
            gradient.kernel.data[by] = (gradient.kernel.data[by] as number) + g * (x.data[from] as number);
            gradient.x.data[from] = (gradient.x.data[from] as number) + g * (kernel.data[by] as number);
          });
        }
      }
    }
  }
  return gradient;
}

function dropOf(graph: GraphBuilder, x: Value, mask: Value): Value {
  const output = narrowDropout(graph, x, mask) as Value;
  graph.differentiate(output.node, {
    inputs: [x],
    rule: (_graph, _node, gradient) => [reluGradient(graph, gradient, output)],
  });
  return output;
}

/** The graph as it is, and with what this processor's kernels do at once in one node. */
function bothWays(t: ExecutionContext, graph: GraphBuilder, window: Case['window']): Pick<GraphBuilder, 'nodes'>[] {
  const nodes = withPooledConvolutions({
    nodes: graph.nodes,
    training: new Set(graph.nodes),
    kernels: new Set([...fusing, 'bfloat16']),
  });
  const fused = nodes.some(({ op }) => op === 'ConvoyPooledConvolution');
  t.is(fused, fusing.length > 0 && window?.join() === '2,2');
  t.is(
    nodes.some(({ op }) => op === 'Conv2D'),
    !fused,
  );
  return fused ? [graph, { nodes }] : [graph];
}

for (const each of cases) {
  const { images, size, inputs, filter, outputs, padding, window, dropped = false, rectified } = each;
  const title = `${filter.join('x')} ${padding} of ${inputs} channels to ${outputs} on ${size.join('x')}`;
  const behind = `${window === undefined ? '' : `, pooled by ${window.join('x')}`}${rectified ? ', ReLU' : ''}${dropped ? ', ReLU and dropout' : ''}`;
  onKernels(`${title}${behind}: output and gradients are those of the definition`, async (t) => {
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

for (const each of cases) {
  const { images, size, inputs, filter, outputs, padding, window, dropped = false, rectified } = each;
  const behind = `${window === undefined ? '' : `, pooled by ${window.join('x')}`}${rectified ? ', ReLU' : ''}${dropped ? ', ReLU and dropout' : ''}`;
  const title = `${filter.join('x')} ${padding} of ${inputs} channels to ${outputs} on ${size.join('x')}${behind}`;
  onBfloat16(`bfloat16, ${title}: whole numbers that bfloat16 can hold come out exactly`, async (t) => {
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
    const ops = new Set(derived.map(({ node }) => (node.op === 'Cast' ? (node.inputs[0] as Value).node.op : node.op)));
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

for (const convolved of [false, true]) {
  onKernels(
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

test('only a convolution without stride, dilation and groups before windows side by side takes its gradient so', (t) => {
  const graph = new GraphBuilder({ kernels: convolutions });
  const x = graph.placeholder('x', 'float32', [-1, 8, 8, 4]);
  const filter = graph.placeholder('filter', 'float32', [3, 3, 4, 6]);
  const step = { strides: [1, 1], padding: 'SAME' } as const;
  const side = { strides: [2, 2], padding: 'VALID' } as const;
  const plain = conv2d(graph, x, filter, step);
  t.true(canPlace(graph, plain, [2, 2], side));
  t.false(canPlace(graph, x, [2, 2], side));
  t.false(canPlace(graph, plain, [3, 3], side), 'windows overlap');
  t.false(canPlace(graph, plain, [3, 3], { strides: [3, 3], padding: 'SAME' }), 'windows reach beyond the image');
  t.false(canPlace(graph, conv2d(graph, x, filter, { ...step, strides: [2, 2] }), [2, 2], side));
  t.false(canPlace(graph, conv2d(graph, x, filter, { ...step, dilations: [2, 2] }), [2, 2], side));
  t.false(canPlace(new GraphBuilder(), plain, [2, 2], side), 'without kernels');
  const narrow = (channels: number): Value => {
    const image = graph.placeholder(`image${channels}`, 'bfloat16', [-1, 8, 8, channels]);
    return conv2d(graph, image, graph.placeholder(`filter${channels}`, 'bfloat16', [3, 3, channels, 6]), step);
  };
  t.true(
    [10, 43].every((channels) => canPlace(graph, narrow(channels), [2, 2], side)),
    'rows of 30 and of 129',
  );
  t.false(
    [11, 42].some((channels) => canPlace(graph, narrow(channels), [2, 2], side)),
    'rows of 33 and of 126',
  );
  t.true(
    canPlace(new GraphBuilder({ kernels: [...convolutions, 'bfloat16'] }), narrow(13), [2, 2], side),
    'where our sums are quicker',
  );
});
