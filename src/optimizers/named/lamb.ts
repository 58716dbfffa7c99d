import { multiply, scalar } from '../../kernels/index.js';
import { adaptBiasAndNorm, betas, epsilon } from '../common.js';
import { defineOptimizer } from '../define.js';
import type { GradientTransform } from '../program.js';
import { scaleByAdam, scaleByLearningRate } from '../transforms.js';

/** LAMB's trust ratio: the update gets the norm of its parameter (You et al. 2020, without the bound phi). */
function scaleByTrustRatio(): GradientTransform {
  return {
    scalars: ({ norm, adapt }) => {
      const [weight, step] = [norm('weight'), norm('update')];
      return { trust: adapt && weight > 0 && step > 0 ? weight / step : 1 };
    },
    apply: (update, builder) =>
      multiply(builder.measure(update, 'parameter', { weight: builder.parameter, update }), scalar('trust')),
  };
}

/** LAMB. */
export const lamb = defineOptimizer({
  name: 'lamb',
  title: 'Adam whose update gets the norm of its parameter, for large batches',
  source: "You et al. 2020; PyTorch has none, so the learning rate is that of Keras's Lamb",
  learningRate: 0.001,
  options: { betas, epsilon: epsilon({ pytorch: 1e-6, keras: 1e-7 }), adaptBiasAndNorm },
  takesMomentum: () => true,
  transforms: ({ style, betas, epsilon }, decay) => {
    // The paper adds the decay to Adam's update, before the norms; Keras decouples it.
    const moments = scaleByAdam({ betas, epsilon, amsgrad: false, style: 'pytorch' });
    const links = style === 'keras' ? [...decay, moments] : [moments, ...decay];
    return [...links, scaleByTrustRatio(), scaleByLearningRate()];
  },
  examples: [{ learningRate: 0.01 }],
});
