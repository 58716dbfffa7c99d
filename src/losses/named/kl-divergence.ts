import type { LossAlgebra, LossInputs } from '../algebra.js';
import { fromLogits } from '../common.js';
import { defineLoss } from '../define.js';
import { clip, epsilon, logProbabilities } from '../formulas.js';

/** The smallest normal float32: keeps the logarithm in 0 log 0 finite. */
const smallestNormal = 2 ** -126;

function ofProbabilities<Value>(math: LossAlgebra<Value>, { outputs, rows }: LossInputs<Value>): Value {
  const log = (x: Value): Value => math.log(clip(math, x, epsilon, 1));
  return math.sum(math.multiply(clip(math, rows, epsilon, 1), math.subtract(log(rows), log(outputs))));
}

/** sum_k t_k (log t_k - log p_k). */
export const klDivergence = defineLoss({
  name: 'klDivergence',
  title: 'Kullback-Leibler divergence of soft targets from the softmax',
  source: "PyTorch's `KLDivLoss` with `batchmean`; of probabilities Keras's `kl_divergence`, both clipped by 1e-7",
  words: ['kldiv', 'kl', 'kld', 'KLDivLoss', 'kullback_leibler_divergence'],
  outputs: 'softmax',
  options: { fromLogits },
  formula: (math, inputs, { fromLogits }) => {
    if (!fromLogits) return ofProbabilities(math, inputs);
    const logs = logProbabilities(math, inputs);
    const { rows } = inputs;
    const entropy = math.multiply(rows, math.log(math.maximum(rows, smallestNormal)));
    return math.sum(math.subtract(entropy, math.multiply(rows, logs)));
  },
  examples: [{}, { fromLogits: false }],
});
