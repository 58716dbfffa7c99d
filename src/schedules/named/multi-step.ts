import { z } from 'zod';
import { option, required } from '../../base/options.js';
import { defineSchedule, interval } from '../define.js';

/** MultiStepLR. */
export const multiStep = defineSchedule({
  name: 'multiStep',
  title: 'Times gamma at each milestone',
  source: "PyTorch's MultiStepLR",
  words: ['MultiStepLR', 'piecewise', 'milestones'],
  options: {
    interval: interval('epoch'),
    milestones: required(z.array(z.int().min(1)).min(1), 'times of the falls', ['steps', 'epochs', 'boundaries']),
    gamma: option(z.number().positive(), 0.1, 'factor of each fall', ['factor']),
  },
  open: ({ milestones, gamma }, { base }) => ({
    learningRate: (time) => base * gamma ** milestones.filter((milestone) => milestone <= time).length,
  }),
});
