import { z } from 'zod';

const fraction = z.number().min(0).lt(1);
const notNegative = z.number().nonnegative();
const positive = z.number().positive();

const group = z.strictObject({
  /** `bias`, `norm` (gamma and beta of a normalization), or a regular expression on the parameter's name. */
  match: z.string().min(1),
  learningRateScale: notNegative.optional(),
  weightDecay: notNegative.optional(),
  /** The parameters keep their values. */
  freeze: z.boolean().optional(),
});

/** Options of every optimizer. */
const common = {
  /** Whose formulas and defaults: PyTorch's (default), or Keras's where the two differ. */
  style: z.enum(['pytorch', 'keras']).optional(),
  learningRate: positive.optional(),
  /**
   * Added to the gradient (L2) by PyTorch's optimizers except AdamW and LARS's own rule; decoupled from it in AdamW and
   * in all of Keras's.
   */
  weightDecay: notNegative.optional(),
  /** Largest norm of the whole gradient; a larger gradient is scaled down. */
  clipNorm: positive.optional(),
  /** Largest absolute value of a gradient element, after `clipNorm`. */
  clipValue: positive.optional(),
  /** Every `steps` steps, slow weights move by `alpha` of the way and become the weights (Zhang et al. 2019). */
  lookahead: z
    .strictObject({ steps: z.int().min(1).default(5), alpha: z.number().positive().max(1).default(0.5) })
    .optional(),
  /** Keeps an exponential moving average of the weights in the state `ema`. */
  ema: z.strictObject({ decay: fraction.default(0.999) }).optional(),
  /** The first group that matches a parameter's name holds for it. */
  groups: z.array(group).optional(),
  /** False: no weight decay on biases and on the gamma and beta of normalizations. Default true, as in PyTorch. */
  decayBiasAndNorm: z.boolean().optional(),
};

const betas = z.tuple([fraction, fraction]).optional();
const epsilon = positive.optional();

/** Options of an optimizer, by `name`; unknown keys are refused. */
export const optimizerSchema = z.discriminatedUnion('name', [
  z
    .strictObject({
      name: z.literal('sgd'),
      ...common,
      momentum: fraction.optional(),
      dampening: z.number().min(0).max(1).optional(),
      nesterov: z.boolean().optional(),
    })
    .refine(({ nesterov = false, momentum = 0, dampening = 0 }) => !nesterov || (momentum > 0 && dampening === 0), {
      path: ['nesterov'],
      message: 'momentum and no dampening with nesterov',
    }),
  z.strictObject({ name: z.literal('adam'), ...common, betas, epsilon, amsgrad: z.boolean().optional() }),
  z.strictObject({ name: z.literal('adamw'), ...common, betas, epsilon, amsgrad: z.boolean().optional() }),
  z.strictObject({
    name: z.literal('rmsprop'),
    ...common,
    /** Decay of the average of squares; Keras calls it rho. */
    alpha: fraction.optional(),
    epsilon,
    momentum: fraction.optional(),
    centered: z.boolean().optional(),
  }),
  z.strictObject({
    name: z.literal('adagrad'),
    ...common,
    epsilon,
    learningRateDecay: notNegative.optional(),
    initialAccumulator: notNegative.optional(),
  }),
  z.strictObject({ name: z.literal('adadelta'), ...common, rho: fraction.optional(), epsilon }),
  z.strictObject({ name: z.literal('nadam'), ...common, betas, epsilon, momentumDecay: notNegative.optional() }),
  z.strictObject({ name: z.literal('adamax'), ...common, betas, epsilon }),
  z.strictObject({
    name: z.literal('lamb'),
    ...common,
    betas,
    epsilon,
    /** False: biases and the gamma and beta of normalizations step without a trust ratio. Default true. */
    adaptBiasAndNorm: z.boolean().optional(),
  }),
  z.strictObject({
    name: z.literal('lars'),
    ...common,
    momentum: fraction.optional(),
    nesterov: z.boolean().optional(),
    trustCoefficient: positive.optional(),
    epsilon,
    adaptBiasAndNorm: z.boolean().optional(),
  }),
]);

/** Options of an optimizer, by `name`. */
export type OptimizerSpec = z.input<typeof optimizerSchema>;
/** Options after the schema: defaults of `lookahead` and `ema` filled. */
export type ParsedSpec = z.output<typeof optimizerSchema>;

type Style = NonNullable<OptimizerSpec['style']>;

/**
 * Default learning rates: of PyTorch 2.13 and Keras 3.15. PyTorch has no LAMB or LARS: LAMB's is Keras's, LARS's is 1
 * (its trust coefficient of 0.001 does the scaling).
 */
const learningRates: Readonly<Record<Style, Readonly<Record<OptimizerSpec['name'], number>>>> = {
  pytorch: {
    sgd: 0.001,
    adam: 0.001,
    adamw: 0.001,
    rmsprop: 0.01,
    adagrad: 0.01,
    adadelta: 1,
    nadam: 0.002,
    adamax: 0.002,
    lamb: 0.001,
    lars: 1,
  },
  keras: {
    sgd: 0.01,
    adam: 0.001,
    adamw: 0.001,
    rmsprop: 0.001,
    adagrad: 0.001,
    adadelta: 0.001,
    nadam: 0.001,
    adamax: 0.001,
    lamb: 0.001,
    lars: 1,
  },
};

/** The learning rate a schedule starts from: `learningRate`, or the default of the optimizer's style. */
export function baseLearningRate(spec: OptimizerSpec): number {
  return spec.learningRate ?? learningRates[spec.style ?? 'pytorch'][spec.name];
}

/** Whether a schedule can move the optimizer's momentum: it has one, or is Adam, AdamW or LAMB. */
export function takesMomentum(spec: OptimizerSpec): boolean {
  switch (spec.name) {
    case 'sgd':
    case 'rmsprop':
      return (spec.momentum ?? 0) > 0;
    case 'lars':
      return spec.momentum !== 0;
    default:
      return ['adam', 'adamw', 'lamb'].includes(spec.name);
  }
}

/** Weight decay outside groups: that of the options, or the default (AdamW: 0.01 in PyTorch, 0.004 in Keras). */
export function baseWeightDecay(spec: OptimizerSpec): number {
  if (spec.weightDecay !== undefined) return spec.weightDecay;
  if (spec.name !== 'adamw') return 0;
  return spec.style === 'keras' ? 0.004 : 0.01;
}
