import { z } from 'zod';

const count = z.int().min(1);
const factor = z.number().positive().max(1);
const notNegative = z.number().nonnegative();

/** Options of every schedule. */
const common = {
  /** A linear rise before the schedule, as PyTorch's LinearLR; the schedule's own time begins behind it. */
  warmup: z
    .strictObject({
      steps: count.optional(),
      epochs: z.number().positive().optional(),
      /** Of the schedule's first learning rate; PyTorch's default. */
      startFactor: factor.default(1 / 3),
    })
    .refine(({ steps, epochs }) => (steps === undefined) !== (epochs === undefined), 'either steps or epochs')
    .optional(),
};

/** What a schedule's time counts, in whose unit its lengths are: full epochs, or optimizer steps. */
const perEpoch = z.enum(['epoch', 'step']).default('epoch');
const perStep = z.enum(['epoch', 'step']).default('step');

/** Options of a learning rate schedule, by `name`, named as in PyTorch; unknown keys are refused. */
export const scheduleSchema = z.discriminatedUnion('name', [
  z.strictObject({ name: z.literal('constant'), ...common }),
  /** StepLR: times `gamma` every `stepSize`. */
  z.strictObject({
    name: z.literal('step'),
    ...common,
    interval: perEpoch,
    stepSize: count,
    gamma: z.number().positive().default(0.1),
  }),
  /** MultiStepLR: times `gamma` at each milestone. */
  z.strictObject({
    name: z.literal('multiStep'),
    ...common,
    interval: perEpoch,
    milestones: z.array(count).min(1),
    gamma: z.number().positive().default(0.1),
  }),
  /** ExponentialLR: times `gamma` each time. */
  z.strictObject({ name: z.literal('exponential'), ...common, interval: perEpoch, gamma: z.number().positive() }),
  /** PolynomialLR: falls to 0 over `totalIters` (default: to the end of training). */
  z.strictObject({
    name: z.literal('polynomial'),
    ...common,
    interval: perStep,
    totalIters: count.optional(),
    power: notNegative.default(1),
  }),
  /** CosineAnnealingLR: falls to `etaMin` over `tMax` (default: to the end of training). */
  z.strictObject({
    name: z.literal('cosine'),
    ...common,
    interval: perStep,
    tMax: count.optional(),
    etaMin: notNegative.default(0),
  }),
  /** CosineAnnealingWarmRestarts: rounds of `t0`, each `tMult` times as long as the one before. */
  z.strictObject({
    name: z.literal('cosineRestarts'),
    ...common,
    interval: perEpoch,
    t0: count,
    tMult: count.default(1),
    etaMin: notNegative.default(0),
  }),
  /** OneCycleLR over the whole training; `cycleMomentum`, PyTorch's default, is off unless asked for. */
  z.strictObject({
    name: z.literal('oneCycle'),
    ...common,
    /** Default: the base learning rate. */
    maxLearningRate: z.number().positive().optional(),
    pctStart: z.number().positive().lt(1).default(0.3),
    annealStrategy: z.enum(['cos', 'linear']).default('cos'),
    divFactor: z.number().positive().default(25),
    finalDivFactor: z.number().positive().default(1e4),
    threePhase: z.boolean().default(false),
    /** Moves the optimizer's momentum (Adam's first beta) down and up while the learning rate goes up and down. */
    cycleMomentum: z.boolean().default(false),
    baseMomentum: z.number().min(0).lt(1).default(0.85),
    maxMomentum: z.number().min(0).lt(1).default(0.95),
  }),
  /**
   * ReduceLROnPlateau: times `factor` when the metric has not improved for more than `patience` epochs. In mode `min` it is
   * the loss, in mode `max` the accuracy: of the validation split where there is one, else of the test split.
   */
  z.strictObject({
    name: z.literal('reduceOnPlateau'),
    ...common,
    mode: z.enum(['min', 'max']).default('min'),
    factor: z.number().positive().lt(1).default(0.1),
    patience: z.int().min(0).default(10),
    threshold: notNegative.default(1e-4),
    thresholdMode: z.enum(['rel', 'abs']).default('rel'),
    cooldown: z.int().min(0).default(0),
    minLearningRate: notNegative.default(0),
    /** A smaller change of the learning rate is not made. */
    epsilon: notNegative.default(1e-8),
  }),
]);

/** Options of a schedule as written. */
export type ScheduleSpec = z.input<typeof scheduleSchema>;
/** Options of a schedule with all defaults filled. */
export type ParsedSchedule = z.output<typeof scheduleSchema>;
