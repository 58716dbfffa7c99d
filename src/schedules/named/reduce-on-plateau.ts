import { z } from 'zod';
import { ConvoyError } from '../../base/errors.js';
import { type Filled, option } from '../../base/options.js';
import { type MonitorMode, monitorMode, monitorSchema } from '../../contracts/index.js';
import { defineSchedule, type EpochScores, type Follower } from '../define.js';

const notNegative = z.number().nonnegative();

const options = {
  mode: option(
    z.enum(['min', 'max']),
    undefined,
    'whether low or high values are good; without a monitor: min (the default) follows the loss, max the accuracy, of the validation split where there is one, else of the test split',
  ),
  monitor: option(monitorSchema, undefined, 'the value that it follows, as validation.f1'),
  factor: option(z.number().positive().lt(1), 0.1, 'factor of each fall'),
  patience: option(z.int().min(0), 10, 'epochs without improvement that it bears'),
  threshold: option(notNegative, 1e-4, 'a smaller change is no improvement'),
  thresholdMode: option(z.enum(['rel', 'abs']), 'rel', 'whether the threshold is a share of the best value'),
  cooldown: option(z.int().min(0), 0, 'epochs after a fall that do not count'),
  minLearningRate: option(notNegative, 0, 'lowest learning rate', ['min_lr']),
  epsilon: option(notNegative, 1e-8, 'a smaller change of the learning rate is not made'),
} as const;

const stateSchema = z.strictObject({
  /** Null before the first metric. */
  best: z.number().nullable(),
  badEpochs: z.int().min(0),
  cooldown: z.int().min(0),
  learningRate: z.number().nonnegative(),
});

/** A metric that is not a number is no improvement. */
class Plateau implements Follower {
  readonly #settings: Filled<typeof options>;
  #state: z.output<typeof stateSchema>;

  constructor(settings: Filled<typeof options>, base: number) {
    this.#settings = settings;
    this.#state = { best: null, badEpochs: 0, cooldown: 0, learningRate: base };
  }

  get learningRate(): number {
    return this.#state.learningRate;
  }

  state(): z.output<typeof stateSchema> {
    return { ...this.#state };
  }

  restore(state: unknown): void {
    const parsed = stateSchema.safeParse(state);
    if (!parsed.success) {
      const [issue] = parsed.error.issues;
      const text = `Expected the state of a reduceOnPlateau schedule: ${issue?.message}`;
      const place = ['schedule', ...(issue?.path ?? [])].join('.');
      throw new ConvoyError('CONVOY_CHECKPOINT', text, { place });
    }
    this.#state = parsed.data;
  }

  get #mode(): MonitorMode {
    const { mode, monitor } = this.#settings;
    return mode ?? (monitor === undefined ? 'min' : monitorMode(monitor));
  }

  observe({ loss, accuracy, monitored }: EpochScores): void {
    const { monitor, factor, patience, cooldown, minLearningRate, epsilon } = this.#settings;
    const usual = this.#mode === 'min' ? loss : accuracy;
    const metric = monitor === undefined ? usual : (monitored?.(monitor) ?? Number.NaN);
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
    const { threshold, thresholdMode } = this.#settings;
    const { best } = this.#state;
    const mode = this.#mode;
    if (best === null) return !Number.isNaN(metric);
    const sign = mode === 'min' ? -1 : 1;
    const mark = thresholdMode === 'rel' ? best * (1 + sign * threshold) : best + sign * threshold;
    return mode === 'min' ? metric < mark : metric > mark;
  }
}

/** ReduceLROnPlateau. */
export const reduceOnPlateau = defineSchedule({
  name: 'reduceOnPlateau',
  title: 'Times factor when the metric has not improved for more than patience epochs',
  source: "PyTorch's ReduceLROnPlateau",
  words: ['ReduceLROnPlateau', 'plateau'],
  options,
  open: (settings, { base }) => {
    const follower = new Plateau(settings, base);
    return { learningRate: () => follower.learningRate, follower };
  },
});
