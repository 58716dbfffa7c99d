import { z } from 'zod';
import { option } from '../../base/options.js';
import { betas, epsilon } from '../common.js';
import { defineOptimizer } from '../define.js';
import { scaleByAdam, scaleByLearningRate } from '../transforms.js';

/** Adam. */
export const adam = defineOptimizer({
  name: 'adam',
  title: 'Averages of the gradient and of its square, with bias correction',
  source: 'Kingma and Ba 2015; AMSGrad: Reddi et al. 2018',
  learningRate: 0.001,
  options: {
    betas,
    epsilon: epsilon({ pytorch: 1e-8, keras: 1e-7 }),
    amsgrad: option(z.boolean(), false, 'divides by the largest average of squares so far'),
  },
  takesMomentum: () => true,
  transforms: (settings, decay) => [...decay, scaleByAdam(settings), scaleByLearningRate()],
  examples: [{ learningRate: 0.05 }, { learningRate: 0.05, amsgrad: true }, { style: 'keras', learningRate: 0.05 }],
});
