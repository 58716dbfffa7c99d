import { z } from 'zod';
import { option } from '../../base/options.js';
import { fraction } from '../common.js';
import { defineOptimizer } from '../define.js';
import { momentumAndRate } from '../transforms.js';

/** Stochastic gradient descent. */
export const sgd = defineOptimizer({
  name: 'sgd',
  title: 'Stochastic gradient descent, with momentum or without',
  source: "Polyak 1964; Nesterov 1983; PyTorch's SGD",
  words: ['momentum', 'gd'],
  learningRate: { pytorch: 0.001, keras: 0.01 },
  options: {
    momentum: option(fraction, 0, 'share of the last step in the next'),
    dampening: option(z.number().min(0).max(1), 0, 'share of the gradient that does not join the momentum'),
    nesterov: option(z.boolean(), false, 'looks a step of momentum ahead'),
  },
  checks: [
    {
      option: 'nesterov',
      needs: 'momentum above 0 and no dampening',
      holds: ({ nesterov = false, momentum = 0, dampening = 0 }) => !nesterov || (momentum > 0 && dampening === 0),
    },
  ],
  takesMomentum: ({ momentum }) => momentum > 0,
  transforms: ({ style, ...momentum }, decay) => [...decay, ...momentumAndRate(style, momentum)],
  examples: [
    { learningRate: 0.1 },
    { learningRate: 0.05, momentum: 0.9 },
    { learningRate: 0.05, momentum: 0.9, nesterov: true },
    { style: 'keras', learningRate: 0.05, momentum: 0.9, nesterov: true },
    { learningRate: 0.1, clipNorm: 1 },
    { learningRate: 0.1, clipValue: 0.5 },
    { learningRate: 0.1, lookahead: {} },
  ],
});
