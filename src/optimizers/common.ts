import { z } from 'zod';
import { type GivenShape, option } from '../base/options.js';

/** Whose formulas and defaults an optimizer has. */
export type Style = 'pytorch' | 'keras';

/** From 0 until before 1. */
export const fraction = z.number().min(0).lt(1);
export const notNegative = z.number().nonnegative();
export const positive = z.number().positive();

const group = z.strictObject({
  /** `bias`, `norm` (gamma and beta of a normalization), or a regular expression on the parameter's name. */
  match: z.string().min(1),
  learningRateScale: notNegative.optional(),
  weightDecay: notNegative.optional(),
  /** The parameters keep their values. */
  freeze: z.boolean().optional(),
});

/** Options of every optimizer. */
export const commonOptions = {
  style: option(z.enum(['pytorch', 'keras']), 'pytorch', 'whose formulas and defaults, where the two differ'),
  learningRate: option(positive, undefined, 'where schedules start', ['lr', 'eta']),
  weightDecay: option(
    notNegative,
    undefined,
    "added to the gradient (L2) by most of PyTorch's optimizers, decoupled from it in AdamW and in all of Keras's",
    ['wd', 'l2', 'decay'],
  ),
  clipNorm: option(positive, undefined, 'largest norm of the whole gradient; a larger gradient is scaled down', [
    'grad_clip',
    'max_norm',
    'global_clipnorm',
  ]),
  clipValue: option(positive, undefined, 'largest absolute value of a gradient element, after clipNorm'),
  lookahead: option(
    z.strictObject({ steps: z.int().min(1).default(5), alpha: z.number().positive().max(1).default(0.5) }),
    undefined,
    'every `steps` steps, slow weights move by `alpha` of the way and become the weights (Zhang et al. 2019)',
  ),
  ema: option(
    z.strictObject({ decay: fraction.default(0.999), ramp: z.boolean().default(true) }),
    undefined,
    'keeps an exponential moving average of the weights, which is evaluated and exported. `ramp`: the decay is at most ' +
      "(1 + t) / (10 + t) after t steps, as TensorFlow's `num_updates` has it, so that short runs forget their beginning; " +
      "false: as PyTorch's and Keras's averages. The moving statistics of batch normalization, averages already, stay as they " +
      'are, as Keras has it',
  ),
  groups: option(z.array(group), undefined, "the first group that matches a parameter's name holds for it"),
  decayBiasAndNorm: option(z.boolean(), true, 'whether biases and the gamma and beta of normalizations decay'),
} as const;

/** Options of every optimizer as a person gives them. */
export type CommonSpec = z.input<z.ZodObject<GivenShape<typeof commonOptions>>>;

/** Adam's betas and those of its kin. */
export const betas = option(
  z.tuple([fraction, fraction]),
  [0.9, 0.999],
  'decays of the averages of gradients and of their squares',
  ['beta1', 'beta2', 'beta_1', 'beta_2'],
);

/** What keeps a divisor above zero; Keras has 1e-7 for every optimizer. */
export function epsilon<const Default extends number | Readonly<Record<Style, number>>>(value: Default) {
  return option(positive, value, 'keeps the divisor above zero', ['eps']);
}

/** Of optimizers with trust ratios by parameter. */
export const adaptBiasAndNorm = option(
  z.boolean(),
  true,
  'whether biases and the gamma and beta of normalizations have trust ratios',
);
