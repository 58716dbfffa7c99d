import { absolute, add, constant, divide, lane, maximum, multiply, scalar } from '../../kernels/index.js';
import { betas, epsilon, type Style } from '../common.js';
import { defineOptimizer } from '../define.js';
import type { GradientTransform } from '../program.js';
import { approach, scaleByLearningRate } from '../transforms.js';

/** Adam with the infinity norm (Kingma and Ba 2015, section 7.1). */
function scaleByAdamax(options: {
  betas: readonly [number, number];
  epsilon: number;
  style: Style;
}): GradientTransform {
  const { betas, style } = options;
  const epsilon = constant(options.epsilon);
  return {
    states: { mean: 0, largest: 0 },
    scalars: ({ step }) => ({ rate: 1 / (1 - betas[0] ** step) }),
    apply: (update, builder) => {
      const mean = builder.store('mean', approach(lane('mean'), update, betas[0]));
      const magnitude = style === 'keras' ? absolute(update) : add(absolute(update), epsilon);
      const decayed = multiply(constant(betas[1]), lane('largest'));
      const largest = builder.store('largest', maximum(decayed, magnitude));
      return multiply(divide(mean, style === 'keras' ? add(largest, epsilon) : largest), scalar('rate'));
    },
  };
}

/** Adamax. */
export const adamax = defineOptimizer({
  name: 'adamax',
  title: 'Adam with the infinity norm',
  source: 'Kingma and Ba 2015, section 7.1',
  words: ['adaMax'],
  learningRate: { pytorch: 0.002, keras: 0.001 },
  options: { betas, epsilon: epsilon({ pytorch: 1e-8, keras: 1e-7 }) },
  transforms: (settings, decay) => [...decay, scaleByAdamax(settings), scaleByLearningRate()],
  examples: [{ learningRate: 0.05 }],
});
