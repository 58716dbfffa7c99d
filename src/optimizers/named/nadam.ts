import { option } from '../../base/options.js';
import { add, constant, divide, lane, multiply, scalar, squareRoot } from '../../kernels/index.js';
import { betas, epsilon, notNegative } from '../common.js';
import { defineOptimizer } from '../define.js';
import type { GradientTransform } from '../program.js';
import { approach, average, scaleByLearningRate, square } from '../transforms.js';

/** Adam with Nesterov momentum and PyTorch's momentum decay (Dozat 2016). */
function scaleByNadam(options: {
  betas: readonly [number, number];
  epsilon: number;
  momentumDecay: number;
}): GradientTransform {
  const { betas, epsilon, momentumDecay } = options;
  const momentumAt = (step: number): number => betas[0] * (1 - 0.5 * 0.96 ** (step * momentumDecay));
  // Products of the momenta up to a step depend on nothing but the step; kept so that each step costs one product.
  const products = [1];
  const productAt = (step: number): number => {
    for (let next = products.length; next <= step; next++) {
      products.push((products[next - 1] ?? 1) * momentumAt(next));
    }
    return products[step] ?? 1;
  };
  return {
    states: { mean: 0, square: 0 },
    scalars: ({ step }) => ({
      correction: 1 - betas[1] ** step,
      gradientRate: (1 - momentumAt(step)) / (1 - productAt(step)),
      meanRate: momentumAt(step + 1) / (1 - productAt(step + 1)),
    }),
    apply: (update, builder) => {
      const mean = builder.store('mean', approach(lane('mean'), update, betas[0]));
      const squares = builder.store('square', average(lane('square'), square(update), betas[1]));
      const root = add(squareRoot(divide(squares, scalar('correction'))), constant(epsilon));
      const ahead = add(multiply(scalar('gradientRate'), update), multiply(scalar('meanRate'), mean));
      return divide(ahead, root);
    },
  };
}

/** NAdam. */
export const nadam = defineOptimizer({
  name: 'nadam',
  title: 'Adam with Nesterov momentum',
  source: 'Dozat 2016',
  learningRate: { pytorch: 0.002, keras: 0.001 },
  options: {
    betas,
    epsilon: epsilon({ pytorch: 1e-8, keras: 1e-7 }),
    // Keras's schedule is 0.96 ** step, which is PyTorch's 0.96 ** (step * momentumDecay) with a decay of 1.
    momentumDecay: option(
      notNegative,
      { pytorch: 0.004, keras: 1 },
      'how quickly the momentum rises to its full value',
    ),
  },
  transforms: (settings, decay) => [...decay, scaleByNadam(settings), scaleByLearningRate()],
  examples: [{ learningRate: 0.05 }],
});
