import { z } from 'zod';
import { option } from '../../base/options.js';
import { betas, epsilon } from '../common.js';
import { defineOptimizer } from '../define.js';
import { scaleByAdam, scaleByLearningRate } from '../transforms.js';

/** AdamW. */
export const adamw = defineOptimizer({
  name: 'adamw',
  title: 'Adam with weight decay apart from the gradient',
  source: 'Loshchilov and Hutter 2019',
  words: ['adam_weight_decay'],
  learningRate: 0.001,
  weightDecay: { pytorch: 0.01, keras: 0.004 },
  decay: 'decoupled',
  options: {
    betas,
    epsilon: epsilon({ pytorch: 1e-8, keras: 1e-7 }),
    amsgrad: option(z.boolean(), false, 'divides by the largest average of squares so far'),
  },
  takesMomentum: () => true,
  transforms: (settings, decay) => [...decay, scaleByAdam(settings), scaleByLearningRate()],
  examples: [{ learningRate: 0.05, weightDecay: 0 }],
});
