import { z } from 'zod';
import { option } from '../../base/options.js';
import { cosineBetween } from '../curves.js';
import { defineSchedule, interval } from '../define.js';

/** CosineAnnealingLR. */
export const cosine = defineSchedule({
  name: 'cosine',
  title: 'Falls to etaMin along half a cosine',
  source: "Loshchilov and Hutter 2017; PyTorch's CosineAnnealingLR",
  words: ['CosineAnnealingLR', 'CosineDecay'],
  options: {
    interval: interval('step'),
    tMax: option(z.int().min(1), undefined, 'time of the fall; without it until the end of training', [
      'decay_steps',
      'steps',
      'epochs',
    ]),
    etaMin: option(z.number().nonnegative(), 0, 'learning rate at the end', ['min_lr']),
  },
  open: ({ tMax, etaMin }, { base, length }) => ({
    learningRate: (time) => cosineBetween(base, etaMin, time / (tMax ?? length)),
  }),
});
