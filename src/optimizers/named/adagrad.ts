import { option } from '../../base/options.js';
import { add, constant, divide, lane, squareRoot } from '../../kernels/index.js';
import { epsilon, notNegative, type Style } from '../common.js';
import { defineOptimizer } from '../define.js';
import type { GradientTransform } from '../program.js';
import { scaleByLearningRate, square } from '../transforms.js';

/** Divides by the root of the sum of all squares so far (Duchi et al. 2011). */
function scaleByAdagrad(options: { initialAccumulator: number; epsilon: number; style: Style }): GradientTransform {
  const epsilon = constant(options.epsilon);
  return {
    states: { square: options.initialAccumulator },
    apply: (update, builder) => {
      const sum = builder.store('square', add(lane('square'), square(update)));
      return divide(update, options.style === 'keras' ? squareRoot(add(sum, epsilon)) : add(squareRoot(sum), epsilon));
    },
  };
}

/** Adagrad. */
export const adagrad = defineOptimizer({
  name: 'adagrad',
  title: 'Divides by the root of the sum of all squares so far',
  source: 'Duchi et al. 2011',
  learningRate: { pytorch: 0.01, keras: 0.001 },
  options: {
    epsilon: epsilon({ pytorch: 1e-10, keras: 1e-7 }),
    learningRateDecay: option(notNegative, 0, 'the learning rate falls as 1 / (1 + this * steps so far)'),
    initialAccumulator: option(notNegative, { pytorch: 0, keras: 0.1 }, 'where the sums of squares begin'),
  },
  transforms: ({ learningRateDecay, ...settings }, decay) => [
    ...decay,
    scaleByAdagrad(settings),
    scaleByLearningRate(learningRateDecay),
  ],
  examples: [{ learningRate: 1 }],
});
