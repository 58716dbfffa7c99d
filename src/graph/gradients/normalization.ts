import type { GraphBuilder } from '../builder.js';
import type { GraphNode, Value } from '../types.js';
import { type GradientTable, inputOf, outputOf } from './registry.js';

/**
 * Gradients of `FusedBatchNormV3` to x, gamma and beta, by TensorFlow's own kernel: as of training, where mean and
 * (biased) variance depend on x, or of inference, where they are constants.
 */
export function batchNormGradient(
  graph: GraphBuilder,
  node: GraphNode,
  gradient: Value,
  { mean, variance }: { readonly mean: Value; readonly variance: Value },
  training: boolean,
): readonly Value[] {
  const [x, gamma] = [inputOf(node, 0), inputOf(node, 1)];
  const vector = { type: 'float32', shape: gamma.shape } as const;
  const back = graph.node(
    'FusedBatchNormGradV3',
    [gradient, x, gamma, mean, variance, outputOf(node, 5)],
    { ...node.attributes, is_training: training },
    [{ type: x.type, shape: x.shape }, vector, vector, vector, vector],
    'input',
  );
  return back.outputs.slice(0, 3);
}

/** Batch normalization. */
export const normalizationGradients: GradientTable = {
  FusedBatchNormV3: (graph, node, gradient) => {
    const training = node.attributes['is_training'] === true;
    // In inference mode the kernel wants the statistics that were used, which are then inputs.
    const statistics = training
      ? { mean: outputOf(node, 3), variance: outputOf(node, 4) }
      : { mean: inputOf(node, 3), variance: inputOf(node, 4) };
    return [...batchNormGradient(graph, node, gradient, statistics, training), undefined, undefined];
  },
};
