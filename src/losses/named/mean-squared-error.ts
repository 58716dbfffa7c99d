import { defineLoss } from '../define.js';

/** mean_k of (z - t)^2. */
export const meanSquaredError = defineLoss({
  name: 'meanSquaredError',
  title: 'Mean of squared errors',
  source: "PyTorch's `MSELoss`",
  words: ['mse', 'l2', 'MSELoss', 'squared'],
  outputs: 'values',
  options: {},
  formula: (math, { outputs, rows }) => math.mean(math.squaredDifference(outputs, rows)),
  examples: [{}],
});
