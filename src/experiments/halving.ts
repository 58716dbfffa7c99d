/** Asynchronous successive halving (ASHA; Li et al. 2018, algorithm 2), one job after the other. */

import { z } from 'zod';

/** Epochs of the first rung, and what of a rung goes on: the best 1 / factor, for factor times as many epochs. */
export const halvingSchema = z.strictObject({
  epochs: z.int().min(1).default(1),
  factor: z.int().min(2).default(3),
});

/** A trial and the rung that it trains to next, both from 0. */
export interface Job {
  readonly trial: number;
  readonly rung: number;
}

/** Scores of a rung by trial, higher is better; -Infinity for one that failed. */
export type RungScores = ReadonlyMap<number, number>;

export interface Halving {
  /** Trials in all. */
  readonly trials: number;
  /** By rung. */
  readonly scores: readonly RungScores[];
  /** Of a rung's trials 1 / factor go on to the next. */
  readonly factor: number;
}

/**
 * What to train next: of the highest rung that has one, the best trial among its top 1 / factor which has not gone on; else
 * the next new trial; undefined when all is done. Of equal scores the earlier trial is better. It depends on the scores
 * alone, so that a search that begins again repeats itself.
 */
export function nextJob({ trials, scores, factor }: Halving): Job | undefined {
  for (let rung = scores.length - 2; rung >= 0; rung--) {
    const own = scores[rung] as RungScores;
    const top = ranked(own).slice(0, Math.floor(own.size / factor));
    const trial = top.find(
      (each) => !scores[rung + 1]?.has(each) && (own.get(each) as number) > Number.NEGATIVE_INFINITY,
    );
    if (trial !== undefined) return { trial, rung: rung + 1 };
  }
  const begun = scores[0]?.size ?? 0;
  return begun < trials ? { trial: begun, rung: 0 } : undefined;
}

/** Trials of a rung, best first. */
export function ranked(scores: RungScores): number[] {
  const worse = (a: number, b: number): number => (a === b ? 0 : a < b ? 1 : -1);
  return [...scores].sort(([a, x], [b, y]) => worse(x, y) || a - b).map(([trial]) => trial);
}

/**
 * Epochs at the end of each rung: `first`, and each `factor` times as many as the one before, to `most`.
 */
export function rungEpochs(first: number, factor: number, most: number): number[] {
  const rungs: number[] = [];
  for (let epochs = first; epochs < most; epochs *= factor) rungs.push(epochs);
  return [...rungs, most];
}
