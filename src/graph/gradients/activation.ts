import { binary, reduce, reluGradient, unary } from '../../ops/index.js';
import { type GradientTable, inputOf, outputOf } from './registry.js';

/** A kernel of TensorFlow that takes (gradient, input or output). */
function gradientOp(op: string, source: 'input' | 'output'): GradientTable[string] {
  return (graph, node, gradient) => {
    const features = source === 'input' ? inputOf(node, 0) : outputOf(node);
    const attributes = { ...node.attributes, T: { type: features.type } };
    return [graph.add(op, [gradient, features], attributes, { type: features.type, shape: features.shape })];
  };
}

/** The two that take (output, gradient). */
function swapped(op: string): GradientTable[string] {
  return (graph, node, gradient) => {
    const y = outputOf(node);
    return [graph.add(op, [y, gradient], { T: { type: y.type } }, { type: y.type, shape: y.shape })];
  };
}

/**
 * Activations. Where the kernel takes either (Relu, Relu6, and LeakyRelu, whose slope is not negative) it gets the
 * output: the input need not be kept, and the convolution before it can be fused with it.
 */
export const activationGradients: GradientTable = {
  Relu: (graph, node, gradient) => [reluGradient(graph, gradient, outputOf(node))],
  Relu6: gradientOp('Relu6Grad', 'output'),
  LeakyRelu: gradientOp('LeakyReluGrad', 'output'),
  Elu: gradientOp('EluGrad', 'output'),
  Selu: gradientOp('SeluGrad', 'output'),
  Softplus: gradientOp('SoftplusGrad', 'input'),
  Softsign: gradientOp('SoftsignGrad', 'input'),
  Sigmoid: swapped('SigmoidGrad'),
  Tanh: swapped('TanhGrad'),
  /** (g - sum(g y)) y along the last axis. */
  Softmax: (graph, node, gradient) => {
    const y = outputOf(node);
    const last = y.shape.length - 1;
    const total = reduce(graph, 'Sum', binary(graph, 'Mul', gradient, y), [last], true);
    return [binary(graph, 'Mul', binary(graph, 'Sub', gradient, total), y)];
  },
  /** g - softmax sum(g) along the last axis. */
  LogSoftmax: (graph, node, gradient) => {
    const y = outputOf(node);
    const total = reduce(graph, 'Sum', gradient, [y.shape.length - 1], true);
    return [binary(graph, 'Sub', gradient, binary(graph, 'Mul', unary(graph, 'Exp', y), total))];
  },
};
