import { z } from 'zod';
import { option } from '../../base/options.js';
import { add, multiply, scalar } from '../../kernels/index.js';
import { adaptBiasAndNorm, epsilon, fraction, positive } from '../common.js';
import { defineOptimizer } from '../define.js';
import type { GradientTransform } from '../program.js';
import { momentumAndRate } from '../transforms.js';

/** LARS's local rate, with weight decay inside it (You et al. 2017, algorithm 1). */
function scaleByLayerwiseRate(options: { trustCoefficient: number; epsilon: number }): GradientTransform {
  const { trustCoefficient, epsilon } = options;
  return {
    scalars: ({ norm, adapt, weightDecay }) => {
      const [weight, gradient] = [norm('weight'), norm('layerGradient')];
      if (!adapt || weight === 0 || gradient === 0) return { weightDecay, local: 1 };
      return { weightDecay, local: (trustCoefficient * weight) / (gradient + weightDecay * weight + epsilon) };
    },
    apply: (update, builder) => {
      const norms = { weight: builder.parameter, layerGradient: update };
      const gradient = builder.measure(update, 'parameter', norms);
      return multiply(scalar('local'), add(gradient, multiply(scalar('weightDecay'), builder.parameter)));
    },
  };
}

/** LARS. */
export const lars = defineOptimizer({
  name: 'lars',
  title: 'SGD with a learning rate for each parameter, for large batches',
  source: 'You et al. 2017, algorithm 1',
  learningRate: 1, // the trust coefficient does the scaling
  options: {
    momentum: option(fraction, 0.9, 'share of the last step in the next'),
    nesterov: option(z.boolean(), false, 'looks a step of momentum ahead'),
    trustCoefficient: option(positive, 0.001, "share of a parameter's norm that a step may have"),
    epsilon: epsilon(1e-8),
    adaptBiasAndNorm,
  },
  takesMomentum: ({ momentum }) => momentum > 0,
  transforms: ({ trustCoefficient, epsilon, ...momentum }) => [
    scaleByLayerwiseRate({ trustCoefficient, epsilon }),
    ...momentumAndRate('keras', momentum), // the velocity holds steps, in the paper too
  ],
  examples: [{ learningRate: 10, momentum: 0.5 }],
});
