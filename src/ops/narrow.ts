import type { GraphBuilder } from './builder.js';
import { towards } from './elementwise.js';
import { isUnitStride, plainAttributes } from './plain.js';
import type { GraphNode, Value } from './types.js';

/** convoy's kernels for convolutions of few channels, as a network's first one, in training (src/native/kernels/ops). */

/** Widest row of a filter (its columns times inputs) for which vectors along the outputs are quicker. */
const narrowRow = 16;

/** In bfloat16 it was seen to be quicker where there are no tiles (AMX). */
function isNarrow(graph: GraphBuilder, node: GraphNode): boolean {
  if (!isUnitStride(node)) return false;
  const { type, shape } = node.inputs[1] as Value;
  const typed = type === 'float32' || (type === 'bfloat16' && graph.kernels.has('bfloat16'));
  return typed && (shape[1] as number) * (shape[2] as number) <= narrowRow;
}

/** Whether a ReLU's output is that of such a convolution, whose kernel takes the ReLU's gradient too. */
export function rectifiesNarrow(graph: GraphBuilder, { node }: Value): boolean {
  if (node.op === 'ConvoyNarrowDropout') return true;
  const before = (node.inputs[0] as Value).node;
  const convolution = before.op === 'BiasAdd' ? (before.inputs[0] as Value).node : before;
  return graph.kernels.has('ConvoyNarrowFilterGrad') && isNarrow(graph, convolution);
}

/**
 * ReLU and dropout of a convolution with a bias in one pass, `mask` saying in bytes what is kept; undefined where that is
 * not what x is. The gradient of x is where the result is positive.
 */
export function narrowDropout(graph: GraphBuilder, x: Value, mask: Value): Value | undefined {
  const [convolved, bias] = x.node.inputs;
  if (
    x.node.op !== 'BiasAdd' ||
    !isNarrow(graph, (convolved as Value).node) ||
    !graph.kernels.has('ConvoyNarrowDropout')
  )
    return undefined;
  const { node } = convolved as Value;
  const inputs = [...node.inputs, bias as Value, mask];
  const { padding } = plainAttributes(node);
  return graph.add(
    'ConvoyNarrowDropout',
    inputs,
    { padding, T: { type: x.type } },
    { type: x.type, shape: x.shape },
    'dropout',
  );
}

/**
 * Gradients of a narrow convolution's filter and of a bias behind it from that of its output; undefined where `node` is
 * none. A ReLU's gradient is taken in the same pass.
 */
export function narrowGradients(
  graph: GraphBuilder,
  node: GraphNode,
  gradient: Value,
): { readonly filter: Value; readonly bias: Value } | undefined {
  if (!isNarrow(graph, node) || !graph.kernels.has('ConvoyNarrowFilterGrad')) return undefined;
  const [x, weight] = node.inputs as readonly [Value, Value];
  const { shape } = weight;
  const rectified =
    gradient.node.op === 'ReluGrad' ? gradient.node.inputs : [gradient, graph.constant(0, gradient.type, [1])];
  const outputs = [shape, shape.slice(3)].map((form) => ({ type: 'float32', shape: form }) as const);
  const attributes = { ...plainAttributes(node), T: { type: x.type } } as const;
  const made = graph.node('ConvoyNarrowFilterGrad', [x, ...rectified], attributes, outputs, 'filter').outputs;
  const [filter, bias] = made as readonly [Value, Value];
  return { filter: towards(graph, filter, weight), bias };
}
