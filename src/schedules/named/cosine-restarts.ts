import { z } from 'zod';
import { option, required } from '../../base/options.js';
import { cosineBetween } from '../curves.js';
import { defineSchedule, interval } from '../define.js';

/** CosineAnnealingWarmRestarts. */
export const cosineRestarts = defineSchedule({
  name: 'cosineRestarts',
  title: 'Rounds of a cosine, each tMult times as long as the one before',
  source: "Loshchilov and Hutter 2017; PyTorch's CosineAnnealingWarmRestarts",
  words: ['CosineAnnealingWarmRestarts', 'CosineDecayRestarts', 'sgdr'],
  options: {
    interval: interval('epoch'),
    t0: required(z.int().min(1), 'length of the first round'),
    tMult: option(z.int().min(1), 1, 'factor on the length of each next round'),
    etaMin: option(z.number().nonnegative(), 0, 'learning rate at the end of a round', ['min_lr']),
  },
  open: ({ t0, tMult, etaMin }, { base }) => ({
    learningRate: (time) => {
      let begin = 0;
      let length = t0;
      while (time >= begin + length) {
        begin += length;
        length *= tMult;
      }
      return cosineBetween(base, etaMin, (time - begin) / length);
    },
  }),
});
