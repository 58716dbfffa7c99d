import { z } from 'zod';
import { option, required } from '../../base/options.js';
import { defineSchedule, interval } from '../define.js';

/** StepLR. */
export const step = defineSchedule({
  name: 'step',
  title: 'Times gamma every stepSize',
  source: "PyTorch's StepLR",
  words: ['StepLR'],
  options: {
    interval: interval('epoch'),
    stepSize: required(z.int().min(1), 'time between falls', ['every', 'steps']),
    gamma: option(z.number().positive(), 0.1, 'factor of each fall', ['factor']),
  },
  open: ({ stepSize, gamma }, { base }) => ({ learningRate: (time) => base * gamma ** Math.floor(time / stepSize) }),
});
