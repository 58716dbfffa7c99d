import type { GraphBuilder } from '../builder.js';
import type { GraphNode, Value } from '../types.js';
import { isPlain, plainAttributes } from './plain.js';

/** Kernels of our own for convolutions of few channels, as the first of a network is, in training (src/native/kernels/narrow.h). */

/** Widest row of a filter (its columns times inputs) for which vectors along the outputs are quicker. */
const narrowRow = 16;

function isNarrow(node: GraphNode): boolean {
  if (!isPlain(node)) return false;
  const { type, shape } = node.inputs[1] as Value;
  return type === 'float32' && (shape[1] as number) * (shape[2] as number) <= narrowRow;
}

/**
 * ReLU and dropout of a convolution with a bias in one pass, `mask` saying in bytes what is kept; undefined where that is
 * not what x is. The gradient of x is where the result is positive.
 */
export function narrowDropout(graph: GraphBuilder, x: Value, mask: Value): Value | undefined {
  const [convolved, bias] = x.node.inputs;
  if (x.node.op !== 'BiasAdd' || !isNarrow((convolved as Value).node) || !graph.kernels.has('ConvoyNarrowDropout')) return undefined;
  const { node } = convolved as Value;
  const inputs = [...node.inputs, bias as Value, mask];
  const { padding } = plainAttributes(node);
  return graph.add('ConvoyNarrowDropout', inputs, { padding }, { type: 'float32', shape: x.shape }, 'dropout');
}

/**
 * Gradients of a narrow convolution's filter and of a bias behind it from that of its output; undefined where `node` is
 * none. A ReLU's gradient is taken in the same pass.
 */
export function narrowGradients(graph: GraphBuilder, node: GraphNode, gradient: Value): { readonly filter: Value; readonly bias: Value } | undefined {
  if (gradient.type !== 'float32' || !isNarrow(node) || !graph.kernels.has('ConvoyNarrowFilterGrad')) return undefined;
  const [x, { shape }] = node.inputs as readonly [Value, Value];
  const rectified = gradient.node.op === 'ReluGrad' ? gradient.node.inputs : [gradient, graph.constant(0, 'float32', [1])];
  const outputs = [shape, shape.slice(3)].map((form) => ({ type: 'float32', shape: form }) as const);
  const made = graph.node('ConvoyNarrowFilterGrad', [x, ...rectified], plainAttributes(node), outputs, 'filter').outputs;
  const [filter, bias] = made as readonly [Value, Value];
  return { filter, bias };
}
