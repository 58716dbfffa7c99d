import type { ParsedSchedule } from './spec.js';

/** A schedule that is a function of time alone: learning rate at `time`, from 0. */
export type Curve = (time: number) => number;

type Named<Name extends ParsedSchedule['name']> = Extract<ParsedSchedule, { name: Name }>;

/** Half a cosine from `from` to `to` as `part` goes from 0 to 1. */
function cosine(from: number, to: number, part: number): number {
  return to + ((from - to) * (1 + Math.cos(Math.PI * part))) / 2;
}

function linear(from: number, to: number, part: number): number {
  return from + (to - from) * part;
}

/** CosineAnnealingWarmRestarts (Loshchilov and Hutter 2017). */
export function restartCurve({ t0, tMult, etaMin }: Named<'cosineRestarts'>, base: number): Curve {
  return (time) => {
    let begin = 0;
    let length = t0;
    while (time >= begin + length) {
      begin += length;
      length *= tMult;
    }
    return cosine(base, etaMin, (time - begin) / length);
  };
}

/** OneCycleLR (Smith and Topin 2018); behind its end it stays at its last value. */
export function oneCycleCurve(spec: Named<'oneCycle'>, base: number, steps: number): Curve {
  const most = spec.maxLearningRate ?? base;
  const first = most / spec.divFactor;
  return cycle(spec, steps, { first, peak: most, valley: first, last: first / spec.finalDivFactor });
}

/** The momentum that OneCycleLR moves against the learning rate. */
export function oneCycleMomentum(spec: Named<'oneCycle'>, steps: number): Curve {
  const { baseMomentum, maxMomentum } = spec;
  return cycle(spec, steps, { first: maxMomentum, peak: baseMomentum, valley: maxMomentum, last: maxMomentum });
}

/** What a cycle goes through; the valley only in three phases. */
interface CycleValues {
  readonly first: number;
  readonly peak: number;
  readonly valley: number;
  readonly last: number;
}

function cycle(spec: Named<'oneCycle'>, steps: number, { first, peak, valley, last }: CycleValues): Curve {
  const anneal = spec.annealStrategy === 'cos' ? cosine : linear;
  const rise = spec.pctStart * steps - 1;
  const phases = spec.threePhase
    ? [
        { end: rise, from: first, to: peak },
        { end: 2 * spec.pctStart * steps - 2, from: peak, to: valley },
        { end: steps - 1, from: valley, to: last },
      ]
    : [
        { end: rise, from: first, to: peak },
        { end: steps - 1, from: peak, to: last },
      ];
  return (time) => {
    let begin = 0;
    for (const { end, from, to } of phases) {
      if (time <= end) return end > begin ? anneal(from, to, (time - begin) / (end - begin)) : to;
      begin = end;
    }
    return last;
  };
}

/**
 * The curve of a schedule that needs no metric.
 *
 * @param base the learning rate it starts from, or reaches (one-cycle)
 * @param length of training in the unit of the schedule's time
 */
export function curveOf(
  spec: Exclude<ParsedSchedule, { name: 'reduceOnPlateau' }>,
  base: number,
  length: number,
): Curve {
  switch (spec.name) {
    case 'constant':
      return () => base;
    case 'step':
      return (time) => base * spec.gamma ** Math.floor(time / spec.stepSize);
    case 'multiStep':
      return (time) => base * spec.gamma ** spec.milestones.filter((milestone) => milestone <= time).length;
    case 'exponential':
      return (time) => base * spec.gamma ** time;
    case 'polynomial': {
      const total = spec.totalIters ?? length;
      return (time) => base * (1 - Math.min(time, total) / total) ** spec.power;
    }
    case 'cosine':
      return (time) => cosine(base, spec.etaMin, time / (spec.tMax ?? length));
    case 'cosineRestarts':
      return restartCurve(spec, base);
    case 'oneCycle':
      return oneCycleCurve(spec, base, length);
  }
}
