import type { LossAlgebra } from '../algebra.js';
import { fromLogits, labelSmoothing } from '../common.js';
import { defineLoss } from '../define.js';
import { complement, smooth } from '../formulas.js';

/** PyTorch's `binary_cross_entropy`: logarithms are at least -100, and its gradient's divisor at least 1e-12. */
const smallestLog = -100;
const smallestVariance = 1e-12;

/** -(t log p + (1 - t) log(1 - p)), value and gradient as PyTorch's. */
function ofProbabilities<Value>(math: LossAlgebra<Value>, probabilities: Value, rows: Value): Value {
  return math.withGradient(
    probabilities,
    [rows],
    (p, t) => {
      const logs = math.maximum(math.log(p), smallestLog);
      const complements = math.maximum(math.log1p(math.negate(p)), smallestLog);
      const others = complement(math, t as Value);
      return math.negate(math.add(math.multiply(t as Value, logs), math.multiply(others, complements)));
    },
    (slope, p, t) => {
      const variance = math.maximum(math.multiply(complement(math, p), p), smallestVariance);
      return math.divide(math.multiply(slope, math.subtract(p, t as Value)), variance);
    },
  );
}

/** Binary cross-entropy, the mean over the classes. */
export const binaryCrossEntropy = defineLoss({
  name: 'binaryCrossEntropy',
  title: 'Binary cross-entropy of each class: for several labels an image, or a single output',
  source: "PyTorch's `BCEWithLogitsLoss`; of probabilities `BCELoss`",
  words: ['bce', 'BCELoss', 'BCEWithLogitsLoss', 'sigmoid'],
  outputs: 'sigmoid',
  options: { fromLogits, labelSmoothing },
  formula: (math, { outputs, logits, rows }, { labelSmoothing }) => {
    const targets = smooth(math, rows, labelSmoothing, 0.5);
    if (logits === undefined) return math.mean(ofProbabilities(math, outputs, targets));
    // softplus(z) - z t is stable for any size, and its gradient is sigmoid(z) - t.
    return math.mean(math.subtract(math.softplus(logits), math.multiply(logits, targets)));
  },
  examples: [{}, { fromLogits: false }, { labelSmoothing: 0.1 }],
});
