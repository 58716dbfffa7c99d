import { z } from 'zod';
import { option } from '../../base/options.js';
import type { LossAlgebra, LossInputs } from '../algebra.js';
import { fromLogits } from '../common.js';
import { defineLoss } from '../define.js';
import { complement, epsilon, logProbabilities, negativeLogLikelihood } from '../formulas.js';

/** 1 - (2 sum p t + s) / (sum p + sum t + s) over the pixels of each image, the mean over the classes. */
export const dice = defineLoss({
  name: 'dice',
  title: 'Dice loss of masks: overlap of each class with its region, image by image',
  source:
    "Milletari et al. 2016 (V-Net); MONAI's `DiceLoss`, and with `crossEntropy` or `focal` its `DiceCELoss` and `DiceFocalLoss`",
  words: ['DiceLoss', 'DiceCELoss', 'DiceFocalLoss', 'f1-loss'],
  outputs: 'softmax',
  perImage: true,
  options: {
    crossEntropy: option(z.number().min(0), 0, 'weight of the cross-entropy that is added'),
    focal: option(z.number().min(0), 0, 'weight of the focal loss (Lin et al. 2017) that is added'),
    gamma: option(z.number().min(0), 2, 'of the focal loss'),
    smooth: option(z.number().min(0), 1e-5, 'added to numerator and denominator'),
    squared: option(z.boolean(), false, 'whether the denominator has squares, as in V-Net'),
    background: option(z.boolean(), true, 'whether class 0 counts in the overlap'),
    fromLogits,
  },
  formula: (math, inputs, options) => {
    const { rows, width, pixels = wholeImages(math, inputs) } = inputs;
    const { each } = pixels;
    const valid = math.column(pixels.valid);
    const logs = logProbabilities(math, inputs);
    const p = math.multiply(math.exponential(logs), valid);
    const t = math.multiply(rows, valid);
    const overall = (x: typeof p): typeof p => math.sumOfPixels(options.squared ? math.square(x) : x, each);
    const numerator = math.add(math.multiply(math.sumOfPixels(math.multiply(p, t), each), 2), options.smooth);
    const denominator = math.add(math.add(overall(p), overall(t)), Math.max(options.smooth, epsilon));
    const overlaps = math.divide(numerator, denominator);
    const counted = Array.from({ length: width }, (_, k) => (k === 0 && !options.background && width > 1 ? 0 : 1));
    const classes = counted.reduce<number>((sum, one) => sum + one, 0);
    const shares = math.multiply(math.multiply(complement(math, overlaps), math.perClass(counted)), 1 / classes);
    // An image counts by its pixels of a class: the loss of a batch is then the cross-entropy's mean over pixels, too.
    const weights = math.sum(math.sumOfPixels(valid, each));
    const nothing = math.isZero(weights);
    const mean = (x: typeof p): typeof p =>
      math.divide(math.sum(math.sumOfPixels(math.column(x), each)), math.add(weights, nothing));
    let losses = math.multiply(math.sum(shares), complement(math, nothing));
    if (options.crossEntropy > 0)
      losses = math.add(losses, math.multiply(mean(negativeLogLikelihood(math, logs, t)), options.crossEntropy));
    if (options.focal > 0) {
      const doubt = math.maximum(math.negate(math.expm1(logs)), epsilon);
      const eased = options.gamma === 0 ? t : math.multiply(t, math.power(doubt, options.gamma));
      losses = math.add(losses, math.multiply(mean(negativeLogLikelihood(math, logs, eased)), options.focal));
    }
    return { losses, weights };
  },
  examples: [
    {},
    { crossEntropy: 1 },
    { focal: 1, gamma: 2, background: false },
    { squared: true, smooth: 1, fromLogits: false },
  ],
});

/** Of targets that are no masks: one pixel an image. */
function wholeImages<Value>(math: LossAlgebra<Value>, { rows }: LossInputs<Value>): { valid: Value; each: number } {
  const ones = math.add(math.multiply(math.sum(rows), 0), 1);
  return { valid: ones, each: 1 };
}
