import { option } from '../../base/options.js';
import { add, constant, divide, type Expression, lane, multiply, squareRoot } from '../../kernels/index.js';
import { epsilon, fraction } from '../common.js';
import { defineOptimizer } from '../define.js';
import type { GradientTransform } from '../program.js';
import { average, scaleByLearningRate, square } from '../transforms.js';

/** Scales by the ratio of past steps to past gradients (Zeiler 2012). */
function scaleByAdadelta(options: { rho: number; epsilon: number }): GradientTransform {
  const { rho } = options;
  const root = (x: Expression): Expression => squareRoot(add(x, constant(options.epsilon)));
  return {
    states: { square: 0, stepSquare: 0 },
    apply: (update, builder) => {
      const squares = builder.store('square', average(lane('square'), square(update), rho));
      const delta = multiply(divide(root(lane('stepSquare')), root(squares)), update);
      builder.store('stepSquare', average(lane('stepSquare'), square(delta), rho));
      return delta;
    },
  };
}

/** Adadelta. */
export const adadelta = defineOptimizer({
  name: 'adadelta',
  title: 'Scales by the ratio of past steps to past gradients',
  source: 'Zeiler 2012',
  learningRate: { pytorch: 1, keras: 0.001 },
  options: {
    rho: option(fraction, { pytorch: 0.9, keras: 0.95 }, 'decay of both averages of squares'),
    epsilon: epsilon({ pytorch: 1e-6, keras: 1e-7 }),
  },
  transforms: (settings, decay) => [...decay, scaleByAdadelta(settings), scaleByLearningRate()],
  examples: [{ learningRate: 20 }],
});
