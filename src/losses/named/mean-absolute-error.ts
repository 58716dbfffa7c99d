import { defineLoss } from '../define.js';

/** mean_k of |z - t|. */
export const meanAbsoluteError = defineLoss({
  name: 'meanAbsoluteError',
  title: 'Mean of absolute errors',
  source: "PyTorch's `L1Loss`",
  words: ['mae', 'l1', 'L1Loss', 'absolute'],
  outputs: 'values',
  options: {},
  formula: (math, { outputs, rows }) => math.mean(math.absolute(math.subtract(outputs, rows))),
  examples: [{}],
});
