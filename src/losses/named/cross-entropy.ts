import { z } from 'zod';
import { option } from '../../base/options.js';
import { fromLogits, labelSmoothing } from '../common.js';
import { defineLoss } from '../define.js';
import { logProbabilities, negativeLogLikelihood, smooth } from '../formulas.js';

/** -sum_k w_k t_k log p_k. */
export const crossEntropy = defineLoss({
  name: 'crossEntropy',
  title: 'Softmax cross-entropy over class indices, or over soft targets',
  source: "PyTorch's `CrossEntropyLoss`; of probabilities Keras's `categorical_crossentropy`",
  words: [
    'cce',
    'ce',
    'categorical_crossentropy',
    'sparse_categorical_crossentropy',
    'CrossEntropyLoss',
    'nll',
    'softmax',
  ],
  outputs: 'softmax',
  options: {
    fromLogits,
    labelSmoothing,
    classWeights: option(z.array(z.number().min(0)).min(1).readonly(), undefined, 'weight of each class'),
  },
  perClass: ['classWeights'],
  checks: [
    {
      option: 'classWeights',
      needs: 'at least one weight above 0',
      holds: ({ classWeights }) => classWeights === undefined || classWeights.some((weight) => weight > 0),
    },
    {
      // A smoothed sample of a class of weight 0 would have a loss but no weight to average it by.
      option: 'classWeights',
      needs: 'weights above 0 together with labelSmoothing',
      holds: ({ classWeights, labelSmoothing }) =>
        !labelSmoothing || (classWeights ?? []).every((weight) => weight > 0),
    },
  ],
  formula: (math, inputs, { labelSmoothing, classWeights }) => {
    const { logits, indices, width } = inputs;
    const table = classWeights && math.perClass(classWeights);
    const weights = table && indices && math.ofClass(table, indices);
    if (indices && labelSmoothing === 0 && logits) {
      return { losses: math.softmaxCrossEntropy(logits, indices), weights };
    }
    const rows = smooth(math, inputs.rows, labelSmoothing, 1 / width);
    if (table === undefined) {
      // The fused gradient holds for rows that sum to 1, as those made from class indices do.
      if (indices && logits) return math.softmaxCrossEntropy(logits, rows);
      return negativeLogLikelihood(math, logProbabilities(math, inputs), rows);
    }
    const losses = negativeLogLikelihood(math, logProbabilities(math, inputs), math.multiply(rows, table));
    // PyTorch divides by the sum of the targets' weights for class indices, but by the batch size for soft targets.
    if (weights === undefined) return losses;
    // A sample of weight 0 has loss 0, not 0/0.
    return { losses: math.divide(losses, math.add(weights, math.isZero(weights))), weights };
  },
  examples: [
    {},
    { fromLogits: false },
    { labelSmoothing: 0.1 },
    { classWeights: [1, 2, 0, 0.5] },
    { classWeights: [1, 2, 0.3, 0.5], labelSmoothing: 0.2 },
  ],
});
