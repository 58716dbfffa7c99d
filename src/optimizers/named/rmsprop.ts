import { z } from 'zod';
import { option } from '../../base/options.js';
import { add, constant, divide, lane, maximum, squareRoot, subtract } from '../../kernels/index.js';
import { epsilon, fraction, type Style } from '../common.js';
import { defineOptimizer } from '../define.js';
import type { GradientTransform } from '../program.js';
import { approach, average, momentumAndRate, square } from '../transforms.js';

/** Divides by the root of an average of squares (Tieleman and Hinton 2012), centred by the mean (Graves 2013). */
function scaleByRms(options: { alpha: number; epsilon: number; centered: boolean; style: Style }): GradientTransform {
  const { alpha, centered, style } = options;
  const epsilon = constant(options.epsilon);
  return {
    states: { square: 0, ...(centered ? { mean: 0 } : {}) },
    apply: (update, builder) => {
      let variance = builder.store('square', average(lane('square'), square(update), alpha));
      if (centered) {
        const mean = builder.store('mean', approach(lane('mean'), update, alpha));
        // Rounding can take a variance of nothing below zero, whose root PyTorch and Keras let be NaN.
        variance = maximum(subtract(variance, square(mean)), constant(0));
      }
      return divide(
        update,
        style === 'keras' ? squareRoot(add(variance, epsilon)) : add(squareRoot(variance), epsilon),
      );
    },
  };
}

/** RMSprop. */
export const rmsprop = defineOptimizer({
  name: 'rmsprop',
  title: 'Divides by the root of an average of squares',
  source: 'Tieleman and Hinton 2012; centred: Graves 2013',
  words: ['rms'],
  learningRate: { pytorch: 0.01, keras: 0.001 },
  options: {
    alpha: option(fraction, { pytorch: 0.99, keras: 0.9 }, 'decay of the average of squares; Keras calls it rho', [
      'rho',
      'decay',
    ]),
    epsilon: epsilon({ pytorch: 1e-8, keras: 1e-7 }),
    momentum: option(fraction, 0, 'share of the last step in the next'),
    centered: option(z.boolean(), false, 'divides by the root of the variance'),
  },
  takesMomentum: ({ momentum }) => momentum > 0,
  transforms: ({ momentum, style, ...settings }, decay) => [
    ...decay,
    scaleByRms({ ...settings, style }),
    ...momentumAndRate(style, { momentum }),
  ],
  examples: [{ learningRate: 0.01 }, { learningRate: 0.005, centered: true, momentum: 0.5 }],
});
