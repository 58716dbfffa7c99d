import { batchNormGradient } from '../../ops/index.js';
import { type GradientTable, inputOf, outputOf } from './registry.js';

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
