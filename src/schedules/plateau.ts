import { z } from 'zod';
import { ConvoyError } from '../base/errors.js';
import type { ParsedSchedule } from './spec.js';

const stateSchema = z.strictObject({
  /** Null before the first metric. */
  best: z.number().nullable(),
  badEpochs: z.int().min(0),
  cooldown: z.int().min(0),
  learningRate: z.number().nonnegative(),
});

/** All that the schedule remembers; plain JSON. */
export type PlateauState = z.output<typeof stateSchema>;

type PlateauSpec = Extract<ParsedSchedule, { name: 'reduceOnPlateau' }>;

/** ReduceLROnPlateau: of the loss, or in mode `max` of the accuracy. A metric that is not a number is no improvement. */
export class Plateau {
  readonly #spec: PlateauSpec;
  #state: PlateauState;

  constructor(spec: PlateauSpec, base: number) {
    this.#spec = spec;
    this.#state = { best: null, badEpochs: 0, cooldown: 0, learningRate: base };
  }

  get state(): PlateauState {
    return { ...this.#state };
  }

  /** @throws ConvoyError `CONVOY_CHECKPOINT` when it is not the state of this schedule. */
  restore(state: unknown): void {
    const parsed = stateSchema.safeParse(state);
    if (!parsed.success) {
      const [issue] = parsed.error.issues;
      const place = ['schedule', ...(issue?.path ?? [])].join('.');
      throw new ConvoyError(
        'CONVOY_CHECKPOINT',
        `Expected the state of a reduceOnPlateau schedule: ${issue?.message}`,
        {
          place,
        },
      );
    }
    this.#state = parsed.data;
  }

  /** Takes the scores of an epoch. */
  observe({ loss, accuracy }: { readonly loss: number; readonly accuracy: number }): void {
    const { mode, factor, patience, cooldown, minLearningRate, epsilon } = this.#spec;
    const metric = mode === 'min' ? loss : accuracy;
    const state = { ...this.#state };
    if (this.#improves(metric)) {
      state.best = metric;
      state.badEpochs = 0;
    } else state.badEpochs++;
    if (state.cooldown > 0) {
      state.cooldown--;
      state.badEpochs = 0;
    }
    if (state.badEpochs > patience) {
      const reduced = Math.max(state.learningRate * factor, minLearningRate);
      if (state.learningRate - reduced > epsilon) state.learningRate = reduced;
      state.cooldown = cooldown;
      state.badEpochs = 0;
    }
    this.#state = state;
  }

  #improves(metric: number): boolean {
    const { mode, threshold, thresholdMode } = this.#spec;
    const { best } = this.#state;
    if (best === null) return !Number.isNaN(metric);
    const sign = mode === 'min' ? -1 : 1;
    const mark = thresholdMode === 'rel' ? best * (1 + sign * threshold) : best + sign * threshold;
    return mode === 'min' ? metric < mark : metric > mark;
  }
}
