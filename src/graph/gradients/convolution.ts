import type { GraphBuilder } from '../builder.js';
import { narrowGradients } from '../ops/narrow.js';
import { pooledConvolutionGradients } from '../ops/pooled.js';
import { shapeOf } from '../ops/shape.js';
import type { Attributes, Value } from '../types.js';
import { type GradientTable, inputOf } from './registry.js';

/** Gradient of a convolution to its input; also the forward pass of a transposed convolution. */
export function backpropInput(
  graph: GraphBuilder,
  op: 'Conv2DBackpropInput' | 'DepthwiseConv2dNativeBackpropInput',
  input: { readonly sizes: Value; readonly shape: Value['shape'] },
  filter: Value,
  gradient: Value,
  attributes: Attributes,
): Value {
  const output = { type: gradient.type, shape: input.shape };
  return graph.add(op, [input.sizes, filter, gradient], attributes, output, 'input');
}

function backpropFilter(
  graph: GraphBuilder,
  op: 'Conv2DBackpropFilter' | 'DepthwiseConv2dNativeBackpropFilter',
  x: Value,
  filter: Value,
  gradient: Value,
  attributes: Attributes,
): Value {
  const output = { type: gradient.type, shape: filter.shape };
  return graph.add(op, [x, shapeOf(graph, filter), gradient], attributes, output, 'filter');
}

function convolution(name: 'Conv2D' | 'DepthwiseConv2dNative'): GradientTable[string] {
  return (graph, node, gradient, needs) => {
    const [x, filter] = [inputOf(node, 0), inputOf(node, 1)];
    const pooled = pooledConvolutionGradients(graph, node, gradient);
    const toInput = (): Value => {
      const input = { sizes: shapeOf(graph, x), shape: x.shape };
      return backpropInput(graph, `${name}BackpropInput`, input, filter, gradient, node.attributes);
    };
    const toFilter = (): Value =>
      narrowGradients(graph, node, gradient)?.filter ??
      backpropFilter(graph, `${name}BackpropFilter`, x, filter, gradient, node.attributes);
    return [needs(0) ? (pooled?.input ?? toInput)() : undefined, needs(1) ? (pooled?.filter ?? toFilter)() : undefined];
  };
}

/** Convolutions, by TensorFlow's own gradient kernels or ours. */
export const convolutionGradients: GradientTable = {
  Conv2D: convolution('Conv2D'),
  DepthwiseConv2dNative: convolution('DepthwiseConv2dNative'),
  /** A transposed convolution is the gradient of a convolution: its own gradient is that convolution again. */
  Conv2DBackpropInput: (graph, node, gradient, needs) => {
    const [filter, x] = [inputOf(node, 1), inputOf(node, 2)];
    const { attributes } = node;
    return [
      undefined,
      needs(1) ? backpropFilter(graph, 'Conv2DBackpropFilter', gradient, filter, x, attributes) : undefined,
      needs(2)
        ? graph.add('Conv2D', [gradient, filter], attributes, { type: x.type, shape: x.shape }, 'input')
        : undefined,
    ];
  },
};
