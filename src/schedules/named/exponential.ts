import { z } from 'zod';
import { required } from '../../base/options.js';
import { defineSchedule, interval } from '../define.js';

/** ExponentialLR. */
export const exponential = defineSchedule({
  name: 'exponential',
  title: 'Times gamma each time',
  source: "PyTorch's ExponentialLR",
  words: ['ExponentialLR', 'ExponentialDecay'],
  options: {
    interval: interval('epoch'),
    gamma: required(z.number().positive(), 'factor of each fall', ['factor', 'decay_rate']),
  },
  open: ({ gamma }, { base }) => ({ learningRate: (time) => base * gamma ** time }),
});
