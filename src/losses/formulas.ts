/** Formulas that several losses share. */
import type { LossAlgebra, LossInputs } from './algebra.js';

/** Keras's `epsilon()`: probabilities are kept this far from 0 and 1 before a logarithm. */
export const epsilon = 1e-7;

/** 1 - x. */
export function complement<Value>(math: LossAlgebra<Value>, x: Value): Value {
  return math.add(math.negate(x), 1);
}

/** x from `low` to `high`. */
export function clip<Value>(math: LossAlgebra<Value>, x: Value, low: number, high: number): Value {
  return math.minimum(math.maximum(x, low), high);
}

/**
 * Logarithms of class probabilities: log-softmax of logits, or of probabilities as Keras's `categorical_crossentropy`
 * takes them, made to sum to one and clipped.
 */
export function logProbabilities<Value>(
  math: LossAlgebra<Value>,
  { logits, outputs }: Pick<LossInputs<Value>, 'logits' | 'outputs'>,
): Value {
  if (logits !== undefined) return math.logSoftmax(logits);
  const normal = math.divide(outputs, math.columnOfSums(outputs));
  return math.log(clip(math, normal, epsilon, 1 - epsilon));
}

/** -sum_k t_k log p_k. */
export function negativeLogLikelihood<Value>(math: LossAlgebra<Value>, logs: Value, targets: Value): Value {
  return math.negate(math.sum(math.multiply(targets, logs)));
}

/** t (1 - s) + s * rest: PyTorch's and Keras's label smoothing, `rest` being 1/K (softmax) or 1/2 (binary). */
export function smooth<Value>(math: LossAlgebra<Value>, targets: Value, smoothing: number, rest: number): Value {
  return math.add(math.multiply(targets, 1 - smoothing), smoothing * rest);
}
