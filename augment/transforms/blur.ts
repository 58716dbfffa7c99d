import { defineTransform } from './define.js';
import { deal, strata } from './draws.js';
import { interval, probability } from './parameters.js';

export const blur = defineTransform({
  name: 'blur',
  description: 'Gaussian blur',
  torchvision: 'GaussianBlur',
  options: { sigma: interval(0.1, 10, [0.1, 2], 'standard deviation in pixels'), probability: probability(1) },
  example: { sigma: [1, 2] },
  banked: true,
  plan(window, options, stream) {
    const bank = strata(stream, window.bankSize, options.sigma).map((sigma) => ({ kind: 'gaussian', sigma }) as const);
    window.convolve(bank, deal(stream, window.count, bank.length, options.probability));
  },
});
