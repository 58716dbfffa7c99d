import { binary, negate, reshape, unary } from '../../ops/index.js';
import { type GradientTable, inputOf, outputOf } from './registry.js';

/** A gradient of one number a sample, as a column that broadcasts over the classes. */
const column: GradientTable[string] = (graph, node, gradient) => {
  const spread = reshape(graph, gradient, [...gradient.shape, 1]);
  return [binary(graph, 'Mul', spread, outputOf(node, 1))];
};

/** Fused losses: their second output is the gradient to the logits, made in the forward pass. */
export const lossGradients: GradientTable = {
  SparseSoftmaxCrossEntropyWithLogits: column,
  SoftmaxCrossEntropyWithLogits: (graph, node, gradient, needs) => {
    const spread = reshape(graph, gradient, [...gradient.shape, 1]);
    return [
      ...column(graph, node, gradient, needs),
      needs(1) ? negate(graph, binary(graph, 'Mul', spread, unary(graph, 'LogSoftmax', inputOf(node, 0)))) : undefined,
    ];
  },
};
