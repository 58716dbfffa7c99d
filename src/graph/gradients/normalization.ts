import { inputOf, outputOf, type GradientTable } from './registry.js';

/** Batch normalization, by TensorFlow's own gradient kernel. */
export const normalizationGradients: GradientTable = {
  FusedBatchNormV3: (graph, node, gradient) => {
    const [x, gamma] = [inputOf(node, 0), inputOf(node, 1)];
    const training = node.attributes['is_training'] === true;
    // In inference mode the kernel wants the statistics that were used, which are then inputs.
    const statistics = training
      ? [outputOf(node, 3), outputOf(node, 4)]
      : [inputOf(node, 3), inputOf(node, 4)];
    const vector = { type: 'float32', shape: gamma.shape } as const;
    const back = graph.node(
      'FusedBatchNormGradV3',
      [gradient, x, gamma, ...statistics, outputOf(node, 5)],
      node.attributes,
      [{ type: x.type, shape: x.shape }, vector, vector, vector, vector],
      'input',
    );
    return [outputOf(back, 0), outputOf(back, 1), outputOf(back, 2), undefined, undefined];
  },
};
