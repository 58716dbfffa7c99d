import { z } from 'zod';
import { option } from '../../base/options.js';
import { defineLoss } from '../define.js';

/** mean_k of d^2/2 up to |d| = delta, then delta (|d| - delta/2). */
export const huber = defineLoss({
  name: 'huber',
  title: 'Squared errors, absolute ones beyond delta',
  source: "Huber 1964; PyTorch's `HuberLoss`, Keras's `Huber`",
  words: ['HuberLoss', 'smooth_l1', 'SmoothL1Loss'],
  outputs: 'values',
  options: { delta: option(z.number().positive(), 1, 'where squares end') },
  formula: (math, { outputs, rows }, { delta }) => {
    const distance = math.absolute(math.subtract(outputs, rows));
    const inner = math.minimum(distance, delta);
    const outer = math.multiply(math.subtract(distance, inner), delta);
    return math.mean(math.add(math.multiply(math.square(inner), 0.5), outer));
  },
  examples: [{}, { delta: 0.5 }],
});
