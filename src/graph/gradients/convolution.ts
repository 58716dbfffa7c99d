import {
  type Attributes,
  backpropInput,
  type GraphBuilder,
  narrowGradients,
  pooledConvolutionGradients,
  shapeOf,
  type Value,
} from '../../ops/index.js';
import { type GradientTable, inputOf } from './registry.js';

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
