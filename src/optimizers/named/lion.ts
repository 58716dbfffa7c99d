import { constant, type Expression, lane, maximum, minimum, multiply } from '../../kernels/index.js';
import { betas } from '../common.js';
import { defineOptimizer } from '../define.js';
import type { GradientTransform } from '../program.js';
import { average, scaleByLearningRate } from '../transforms.js';

/** -1, 0 or 1: 2^240 times the smallest number above 0 is more than 1. NaN stays NaN. */
function signOf(x: Expression): Expression {
  const large = constant(2 ** 120);
  return minimum(maximum(multiply(multiply(x, large), large), constant(-1)), constant(1));
}

/** The sign of the momentum as it would be with less memory. */
function scaleByLion([now, memory]: readonly [number, number]): GradientTransform {
  return {
    states: { momentum: 0 },
    apply: (update, builder) => {
      const old = lane('momentum');
      builder.store('momentum', average(old, update, memory));
      return signOf(average(old, update, now));
    },
  };
}

/** Lion. */
export const lion = defineOptimizer({
  name: 'lion',
  title: 'Steps of one size, in the direction of the sign of the momentum; half of the memory of Adam',
  source: "Chen et al. 2023; Keras's and timm's Lion",
  learningRate: { pytorch: 0.0001, keras: 0.001 },
  decay: 'decoupled',
  options: { betas: { ...betas, default: [0.9, 0.99] } },
  transforms: ({ betas }, decay) => [...decay, scaleByLion(betas), scaleByLearningRate()],
  examples: [{ learningRate: 0.008, betas: [0.5, 0.5] }],
});
