import { z } from 'zod';
import { option } from '../../base/options.js';
import { fromLogits } from '../common.js';
import { defineLoss } from '../define.js';
import { epsilon, logProbabilities, negativeLogLikelihood } from '../formulas.js';

/** alpha sum_k t_k (1 - p_k)^gamma (-log p_k). */
export const focal = defineLoss({
  name: 'focal',
  title: 'Focal loss on softmax: easy samples count little',
  source: "Lin et al. 2017, whose values in section 5.1 are the defaults; Keras's `CategoricalFocalCrossentropy`",
  words: ['FocalLoss'],
  outputs: 'softmax',
  options: {
    gamma: option(z.number().min(0), 2, 'how little easy samples count'),
    alpha: option(z.number().positive(), 0.25, 'factor on all classes alike'),
    fromLogits,
  },
  formula: (math, inputs, { gamma, alpha }) => {
    const logs = logProbabilities(math, inputs);
    const { rows } = inputs;
    // With gamma 0 the factor is one, but 0^(gamma-1) in its gradient would be infinite.
    if (gamma === 0) return math.multiply(negativeLogLikelihood(math, logs, rows), alpha);
    // 1 - p = -expm1(log p) keeps its digits where p is near one.
    const doubt = math.maximum(math.negate(math.expm1(logs)), epsilon);
    const weighted = math.multiply(rows, math.power(doubt, gamma));
    return math.multiply(math.sum(math.multiply(weighted, logs)), -alpha);
  },
  examples: [{}, { gamma: 0 }, { gamma: 1.5, alpha: 1 }, { fromLogits: false }],
});
