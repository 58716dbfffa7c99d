import { defineLoss } from '../define.js';
import { complement } from '../formulas.js';

/** max(0, 1 + max_k (1 - t_k) z_k - sum_k t_k z_k), whose inner maximum is never below the 0 of the true class. */
export const hinge = defineLoss({
  name: 'hinge',
  title: 'Multi-class hinge: the true class must lead by a margin of 1',
  source: "Crammer and Singer 2001; Keras's `CategoricalHinge`",
  words: ['HingeLoss', 'MultiMarginLoss', 'svm'],
  outputs: 'margins',
  options: {},
  formula: (math, { outputs, rows }) => {
    const others = math.multiply(complement(math, rows), outputs);
    const distance = math.subtract(math.largest(others), math.sum(math.multiply(rows, outputs)));
    return math.maximum(math.add(distance, 1), 0);
  },
  examples: [{}],
});
