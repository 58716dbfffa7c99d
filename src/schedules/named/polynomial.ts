import { z } from 'zod';
import { option } from '../../base/options.js';
import { defineSchedule, interval } from '../define.js';

/** PolynomialLR. */
export const polynomial = defineSchedule({
  name: 'polynomial',
  title: 'Falls to 0 as a power of the time that is left',
  source: "PyTorch's PolynomialLR",
  words: ['PolynomialLR', 'PolynomialDecay', 'linear', 'LinearLR'],
  options: {
    interval: interval('step'),
    totalIters: option(z.int().min(1), undefined, 'time until 0; without it the end of training', [
      'decay_steps',
      'steps',
    ]),
    power: option(z.number().nonnegative(), 1, '1 is a straight line'),
  },
  open: ({ totalIters, power }, { base, length }) => {
    const total = totalIters ?? length;
    return { learningRate: (time) => base * (1 - Math.min(time, total) / total) ** power };
  },
});
