import test from 'ava';
import { withMinimalFiltering } from '../../src/graph/minimal-filtering.js';
import { GraphBuilder } from '../../src/ops/builder.js';
import { binary } from '../../src/ops/elementwise.js';
import { biasAdd, conv2d, type WindowOptions } from '../../src/ops/neural.js';
import { relu } from '../../src/ops/rectify.js';
import type { DataType, GraphNode, Value } from '../../src/ops/types.js';

const kernels = ['ConvoyWinogradConvolution', 'ConvoyWinogradFilterGrad'];
const opsOf = (nodes: readonly GraphNode[]): string[] =>
  nodes.map(({ op }) => op).filter((op) => op !== 'Placeholder' && op !== 'Const');

interface Convolved {
  readonly graph: GraphBuilder;
  readonly y: Value;
}

function convolved({
  side = 8,
  inputs = 16,
  filter = [3, 3, inputs, 16],
  strides = [1, 1],
  dilations = [1, 1],
  type = 'float32',
  known = kernels,
}: Partial<WindowOptions> & {
  readonly side?: number;
  readonly inputs?: number;
  readonly filter?: readonly number[];
  readonly type?: DataType;
  readonly known?: readonly string[];
} = {}): Convolved {
  const graph = new GraphBuilder({ kernels: known });
  const x = graph.placeholder('x', type, [-1, side, side, inputs]);
  const y = conv2d(graph, x, graph.placeholder('filter', type, filter), { strides, dilations, padding: 'SAME' });
  return { graph, y };
}

const rewritten = ({ graph, y }: Convolved): string[] => opsOf(withMinimalFiltering(graph, graph.nodes, [y]));

test('convolutions of 3x3 and 5x5 with stride 1 and at least 16 channels are taken, all others left', (t) => {
  t.deepEqual(rewritten(convolved()), ['ConvoyWinogradConvolution']);
  t.deepEqual(rewritten(convolved({ filter: [5, 5, 16, 16] })), ['ConvoyWinogradConvolution']);
  for (const other of [
    { strides: [2, 2] as const },
    { dilations: [2, 2] as const },
    { filter: [3, 5, 16, 16] },
    { filter: [7, 7, 16, 16] },
    { filter: [3, 3, 16, 8] },
    { inputs: 8 },
    { inputs: 32, filter: [3, 3, 16, 32] }, // two groups
    { side: 3 },
    { type: 'bfloat16' as const }, // TensorFlow's are as quick
    { known: [] },
  ])
    t.deepEqual(rewritten(convolved(other)), ['Conv2D'], JSON.stringify(other));
});

test('a convolution takes in its bias and ReLU where no other node reads its output', (t) => {
  const after = (more: (graph: GraphBuilder, biased: Value, rectified: Value) => readonly Value[]): string[] => {
    const { graph, y } = convolved();
    const biased = biasAdd(graph, y, graph.placeholder('bias', 'float32', [16]));
    const results = more(graph, biased, relu(graph, biased));
    return opsOf(withMinimalFiltering(graph, graph.nodes, results));
  };
  const [taken] = kernels as [string];
  t.deepEqual(
    after((_graph, _biased, rectified) => [rectified]),
    [taken],
  );
  t.deepEqual(
    after((_graph, biased, rectified) => [biased, rectified]),
    [taken, 'Relu'],
    'a result is kept',
  );
  t.deepEqual(
    after((graph, biased, rectified) => [binary(graph, 'Mul', biased, rectified)]),
    [taken, 'Relu', 'Mul'],
  );
});
