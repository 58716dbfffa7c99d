import { backpropInput } from '../../src/ops/backward.js';
import { normalizeBatch } from '../../src/ops/batch-norm.js';
import type { GraphBuilder } from '../../src/ops/builder.js';
import { addAll, type BinaryOp, binary, scale, select, shift, type UnaryOp, unary } from '../../src/ops/elementwise.js';
import {
  averagePool,
  batchMatMul,
  biasAdd,
  conv2d,
  convolutionAttributes,
  depthwiseConv2d,
  fusedBatchNorm,
  matMul,
  maxPool,
} from '../../src/ops/neural.js';
import { placedMaxPool } from '../../src/ops/pooled.js';
import { reduce } from '../../src/ops/reduce.js';
import {
  broadcastTo,
  concatenate,
  integers,
  pad,
  reshape,
  reverse,
  shapeWith,
  slice,
  transpose,
} from '../../src/ops/shape.js';
import type { Shape, Value } from '../../src/ops/types.js';

/** A function of some inputs; `shapes` are those of the inputs, -1 standing for a batch of 3. */
export interface Case {
  readonly shapes: readonly Shape[];
  readonly build: (graph: GraphBuilder, ...inputs: Value[]) => Value;
}

export const batch = 3;
const image: Shape = [-1, 5, 4, 2];
const plain = { strides: [1, 1], padding: 'VALID' } as const;
const odd = { strides: [2, 1], padding: 'SAME' } as const;

const one = (op: UnaryOp, shape: Shape = [-1, 7]): Case => ({
  shapes: [shape],
  build: (graph, x) => unary(graph, op, x),
});
/** Of numbers from 0.5 to 2.5. */
const positive = (op: UnaryOp): Case => ({
  shapes: [[-1, 7]],
  build: (graph, x) => unary(graph, op, shift(graph, x, 1.5)),
});
const two = (op: BinaryOp, a: Shape = [-1, 7], b: Shape = [-1, 7]): Case => ({
  shapes: [a, b],
  build: (graph, x, y) => binary(graph, op, x, y),
});
const resized = (op: string, corners: boolean): Case => ({
  shapes: [image],
  build: (graph, x) =>
    graph.add(
      op,
      [x, integers(graph, [7, 3])],
      { T: { type: 'float32' }, align_corners: corners, half_pixel_centers: false },
      { type: 'float32', shape: [-1, 7, 3, 2] },
    ),
});
const lossOf = (op: string, targets: (graph: GraphBuilder) => Value): Case => ({
  shapes: [[-1, 4]],
  build: (graph, z) => {
    const types = op.startsWith('Sparse') ? { Tlabels: { type: 'int32' } as const } : {};
    const outputs = [{ type: 'float32', shape: [-1] } as const, { type: 'float32', shape: z.shape } as const];
    return graph.node(op, [z, targets(graph)], { T: { type: 'float32' }, ...types }, outputs).outputs[0] as Value;
  },
});

export const cases: Readonly<Record<string, Case>> = {
  ...Object.fromEntries(
    (
      [
        'Identity',
        'Neg',
        'Abs',
        'Atan',
        'Exp',
        'Expm1',
        'Square',
        'Erf',
        'Relu',
        'Relu6',
        'Elu',
        'Selu',
        'Softplus',
        'Softsign',
      ] as const
    ).map((op) => [op, one(op)]),
  ),
  ...Object.fromEntries((['Sigmoid', 'Tanh', 'Softmax', 'LogSoftmax'] as const).map((op) => [op, one(op)])),
  ...Object.fromEntries((['Log', 'Log1p', 'Sqrt', 'Rsqrt', 'Reciprocal'] as const).map((op) => [op, positive(op)])),
  ...Object.fromEntries(
    (['AddV2', 'Sub', 'Mul', 'Maximum', 'Minimum', 'SquaredDifference'] as const).flatMap((op) => [
      [op, two(op)],
      [`${op} broadcast`, two(op, [-1, 1, 7], [4, 1])],
    ]),
  ),
  'Relu6 above 6': { shapes: [[-1, 7]], build: (graph, x) => unary(graph, 'Relu6', scale(graph, x, 8)) },
  RealDiv: { shapes: [[-1, 7], [7]], build: (graph, x, y) => binary(graph, 'RealDiv', x, shift(graph, y, 2)) },
  Pow: {
    shapes: [[-1, 7]],
    build: (graph, x) => binary(graph, 'Pow', shift(graph, x, 1.5), graph.constant(2.5, 'float32')),
  },
  LeakyRelu: {
    shapes: [[-1, 7]],
    build: (graph, x) =>
      graph.add(
        'LeakyRelu',
        [x],
        { T: { type: 'float32' }, alpha: { float: 0.3 } },
        { type: 'float32', shape: x.shape },
      ),
  },
  SelectV2: {
    shapes: [
      [-1, 4],
      [-1, 4],
    ],
    build: (graph, x, y) => {
      const condition = graph.constant([1, 0, 0, 1], 'bool', [4]);
      return select(graph, condition, x, y);
    },
  },
  AddN: {
    shapes: [
      [-1, 2],
      [-1, 2],
      [-1, 2],
    ],
    build: (graph, ...inputs) => addAll(graph, inputs),
  },
  L2Loss: {
    shapes: [[3, 4]],
    build: (graph, x) => graph.add('L2Loss', [x], { T: { type: 'float32' } }, { type: 'float32', shape: [] }),
  },
  Conv2D: { shapes: [image, [3, 2, 2, 3]], build: (graph, x, filter) => conv2d(graph, x, filter, odd) },
  'Conv2D dilated': {
    shapes: [
      [-1, 6, 6, 2],
      [2, 2, 2, 3],
    ],
    build: (graph, x, filter) => conv2d(graph, x, filter, { ...plain, dilations: [2, 2] }),
  },
  DepthwiseConv2dNative: {
    shapes: [image, [3, 3, 2, 2]],
    build: (graph, x, filter) => depthwiseConv2d(graph, x, filter, { strides: [2, 2], padding: 'SAME' }),
  },
  Conv2DBackpropInput: {
    shapes: [
      [-1, 3, 2, 3],
      [2, 3, 2, 3],
    ],
    build: (graph, x, filter) => {
      const input = { sizes: shapeWith(graph, x, [6, 4, 2]), shape: [-1, 6, 4, 2] };
      const attributes = convolutionAttributes(x, { strides: [2, 2], padding: 'SAME' });
      return backpropInput(graph, 'Conv2DBackpropInput', input, filter, x, attributes);
    },
  },
  BiasAdd: { shapes: [image, [2]], build: (graph, x, bias) => biasAdd(graph, x, bias) },
  ...Object.fromEntries(
    [false, true].flatMap((a) =>
      [false, true].flatMap((b): [string, Case][] => [
        [
          `MatMul ${a} ${b}`,
          { shapes: [a ? [4, 3] : [3, 4], b ? [2, 4] : [4, 2]], build: (graph, x, y) => matMul(graph, x, y, a, b) },
        ],
        [
          `BatchMatMulV2 ${a} ${b}`,
          {
            shapes: [a ? [-1, 4, 3] : [-1, 3, 4], b ? [-1, 2, 4] : [-1, 4, 2]],
            build: (graph, x, y) => batchMatMul(graph, x, y, a, b),
          },
        ],
      ]),
    ),
  ),
  MaxPool: { shapes: [image], build: (graph, x) => maxPool(graph, x, [3, 2], odd) },
  ConvoyMaxPool: { shapes: [[-1, 5, 4, 10]], build: (graph, x) => placedMaxPool(graph, x, [2, 2]) },
  'ConvoyMaxPool with ReLU': { shapes: [[-1, 5, 4, 10]], build: (graph, x) => placedMaxPool(graph, x, [2, 2], true) },
  AvgPool: { shapes: [image], build: (graph, x) => averagePool(graph, x, [3, 2], odd) },
  ResizeNearestNeighbor: resized('ResizeNearestNeighbor', false),
  ResizeBilinear: resized('ResizeBilinear', false),
  'ResizeBilinear, corners aligned': resized('ResizeBilinear', true),
  ...Object.fromEntries(
    (['Sum', 'Mean', 'Max', 'Min'] as const).flatMap((op): [string, Case][] => [
      [op, { shapes: [[-1, 4, 2]], build: (graph, x) => reduce(graph, op, x, [1]) }],
      [`${op} of the batch`, { shapes: [[-1, 4]], build: (graph, x) => reduce(graph, op, x, [0], true) }],
    ]),
  ),
  Reshape: { shapes: [image], build: (graph, x) => reshape(graph, x, [-1, 4, 10]) },
  BroadcastTo: {
    shapes: [[1, 3]],
    build: (graph, x) => broadcastTo(graph, x, integers(graph, [4, 3]), [4, 3]),
  },
  Transpose: { shapes: [image], build: (graph, x) => transpose(graph, x, [3, 0, 2, 1]) },
  ReverseV2: { shapes: [image], build: (graph, x) => reverse(graph, x, [0, 2]) },
  ConcatV2: { shapes: [image, [-1, 5, 1, 2]], build: (graph, x, y) => concatenate(graph, [x, y, x], 2) },
  Slice: { shapes: [image], build: (graph, x) => slice(graph, x, [0, 1, 1, 0], [-1, 2, 3, 1]) },
  CropAndResize: {
    shapes: [image],
    build: (graph, x) =>
      graph.add(
        'CropAndResize',
        [
          x,
          graph.constant([0.1, 0.2, 0.8, 0.9, 0, 0.3, 1, 0.7], 'float32', [2, 4]),
          integers(graph, [0, 2]),
          integers(graph, [3, 2]),
        ],
        { T: { type: 'float32' }, method: 'bilinear', extrapolation_value: { float: 0 } },
        { type: 'float32', shape: [2, 3, 2, 2] },
      ),
  },
  MirrorPad: {
    shapes: [image],
    build: (graph, x) =>
      graph.add(
        'MirrorPad',
        [x, graph.constant([0, 0, 1, 1, 1, 1, 0, 0], 'int32', [4, 2])],
        { T: { type: 'float32' }, Tpaddings: { type: 'int32' }, mode: 'SYMMETRIC' },
        { type: 'float32', shape: [-1, 7, 6, 2] },
      ),
  },
  Pad: {
    shapes: [image],
    build: (graph, x) =>
      pad(graph, x, [
        [0, 0],
        [1, 2],
        [0, 1],
        [3, 0],
      ]),
  },
  'FusedBatchNormV3 training': {
    shapes: [[-1, 2, 2, 2], [2], [2]],
    build: (graph, x, gamma, beta) => {
      const none = graph.constant([], 'float32', [0]);
      return fusedBatchNorm(graph, x, [gamma, beta, none, none], { epsilon: 0.1, training: true }).outputs[0] as Value;
    },
  },
  ConvoyBatchNorm: {
    shapes: [[-1, 2, 2, 2], [2], [2]],
    build: (graph, x, gamma, beta) => normalizeBatch(graph, x, gamma, beta, 0.1).normal,
  },
  'FusedBatchNormV3 inference': {
    shapes: [[-1, 2, 2, 2], [2], [2]],
    build: (graph, x, gamma, beta) => {
      const statistics = [
        graph.constant([0.1, -0.2], 'float32', [2]),
        graph.constant([0.5, 2], 'float32', [2]),
      ] as const;
      return fusedBatchNorm(graph, x, [gamma, beta, ...statistics], { epsilon: 0.1, training: false })
        .outputs[0] as Value;
    },
  },
  SparseSoftmaxCrossEntropyWithLogits: lossOf('SparseSoftmaxCrossEntropyWithLogits', (graph) =>
    graph.constant([1, 3, 0], 'int32', [3]),
  ),
  SoftmaxCrossEntropyWithLogits: lossOf('SoftmaxCrossEntropyWithLogits', (graph) =>
    graph.constant([0.1, 0.2, 0.3, 0.4, 1, 0, 0, 0, 0.5, 0, 0.5, 0], 'float32', [3, 4]),
  ),
  'SoftmaxCrossEntropyWithLogits to targets': {
    shapes: [[3, 4]],
    build: (graph, targets) => {
      const z = graph.constant([1, 2, 3, 4, 0, 0, -1, 1, 0.5, 0.2, 0.1, 2], 'float32', [3, 4]);
      const outputs = [{ type: 'float32', shape: [3] } as const, { type: 'float32', shape: z.shape } as const];
      const node = graph.node('SoftmaxCrossEntropyWithLogits', [z, targets], { T: { type: 'float32' } }, outputs);
      return node.outputs[0] as Value;
    },
  },
};
