import { z } from 'zod';
import { option } from '../../base/options.js';
import { cosineBetween, linearBetween } from '../curves.js';
import { type Curve, defineSchedule } from '../define.js';

/** What a cycle goes through; the valley only in three phases. */
interface CycleValues {
  readonly first: number;
  readonly peak: number;
  readonly valley: number;
  readonly last: number;
}

interface CycleShape {
  readonly pctStart: number;
  readonly annealStrategy: 'cos' | 'linear';
  readonly threePhase: boolean;
}

/** Behind its end it stays at its last value. */
function cycle(
  { pctStart, annealStrategy, threePhase }: CycleShape,
  steps: number,
  { first, peak, valley, last }: CycleValues,
): Curve {
  const anneal = annealStrategy === 'cos' ? cosineBetween : linearBetween;
  const rise = { end: pctStart * steps - 1, from: first, to: peak };
  const parts = threePhase
    ? [rise, { end: 2 * pctStart * steps - 2, from: peak, to: valley }, { end: steps - 1, from: valley, to: last }]
    : [rise, { end: steps - 1, from: peak, to: last }];
  return (time) => {
    let begin = 0;
    for (const { end, from, to } of parts) {
      if (time <= end) return end > begin ? anneal(from, to, (time - begin) / (end - begin)) : to;
      begin = end;
    }
    return last;
  };
}

/** OneCycleLR. */
export const oneCycle = defineSchedule({
  name: 'oneCycle',
  title: 'Rises and falls once over the whole training',
  source: "Smith and Topin 2018; PyTorch's OneCycleLR, whose cycleMomentum is on unless told otherwise",
  words: ['OneCycleLR', '1cycle'],
  options: {
    maxLearningRate: option(z.number().positive(), undefined, 'highest learning rate; without it the base one', [
      'max_lr',
      'lr',
    ]),
    pctStart: option(z.number().positive().lt(1), 0.3, 'share of the training that the rise takes'),
    annealStrategy: option(z.enum(['cos', 'linear']), 'cos', 'shape of rise and fall'),
    divFactor: option(z.number().positive(), 25, 'the first learning rate is the highest by this'),
    finalDivFactor: option(z.number().positive(), 1e4, 'the last learning rate is the first by this'),
    threePhase: option(z.boolean(), false, 'falls to the first learning rate before it falls to the last'),
    cycleMomentum: option(z.boolean(), false, "moves the optimizer's momentum (Adam's first beta) the other way"),
    baseMomentum: option(z.number().min(0).lt(1), 0.85, 'momentum at the highest learning rate'),
    maxMomentum: option(z.number().min(0).lt(1), 0.95, 'momentum at both ends'),
  },
  momentumOption: 'cycleMomentum',
  open: (settings, { base, length }) => {
    const most = settings.maxLearningRate ?? base;
    const first = most / settings.divFactor;
    const rates = { first, peak: most, valley: first, last: first / settings.finalDivFactor };
    const { baseMomentum: peak, maxMomentum: rest } = settings;
    return {
      learningRate: cycle(settings, length, rates),
      ...(settings.cycleMomentum
        ? { momentum: cycle(settings, length, { first: rest, peak, valley: rest, last: rest }) }
        : {}),
    };
  },
});
