/**
 * The losses as tfjs operations on outputs z [B,K] and targets t [B,K]; each gives one loss per sample [B].
 * Only operations with a gradient in tfjs are used; where the gradient of the plain formula would be wrong or not
 * finite, it is written out (`tf.customGrad`).
 */
import { type Tensor, tf } from '../base/tf.js';

/** Keras's `epsilon()`: probabilities are kept this far from 0 and 1 before a logarithm. */
const epsilon = 1e-7;

/** PyTorch's `binary_cross_entropy`: logarithms are at least -100, and its gradient's divisor at least 1e-12. */
const smallestLog = -100;
const smallestVariance = 1e-12;

/**
 * Logarithms of class probabilities: log-softmax of logits, or of probabilities as Keras's
 * `categorical_crossentropy` takes them (made to sum to one, clipped by 1e-7).
 */
export function logProbabilities(outputs: Tensor, fromLogits: boolean): Tensor {
  if (fromLogits) return tf.logSoftmax(outputs, -1);
  return outputs
    .div(outputs.sum(-1, true))
    .clipByValue(epsilon, 1 - epsilon)
    .log();
}

/** -sum_k w_k t_k log p_k; `classWeights` is [K] or undefined for ones. */
export function crossEntropy(logs: Tensor, targets: Tensor, classWeights: Tensor | undefined): Tensor {
  const weighted = classWeights === undefined ? targets : targets.mul(classWeights);
  return weighted.mul(logs).sum(-1).neg();
}

/** alpha sum_k t_k (1 - p_k)^gamma (-log p_k): Lin et al. 2017 on softmax, Keras's `CategoricalFocalCrossentropy`. */
export function focal(logs: Tensor, targets: Tensor, gamma: number, alpha: number): Tensor {
  // With gamma 0 the factor is one, but 0^(gamma-1) in its gradient would be infinite.
  if (gamma === 0) return crossEntropy(logs, targets, undefined).mul(alpha);
  // 1 - p = -expm1(log p) keeps its digits where p is near one.
  const doubt = logs.expm1().neg().maximum(epsilon);
  return targets.mul(doubt.pow(gamma)).mul(logs).sum(-1).mul(-alpha);
}

/** sum_k t_k (log t_k - log softmax(z)_k) (PyTorch), or Keras's `kl_divergence` on probabilities. */
export function klDivergence(outputs: Tensor, targets: Tensor, fromLogits: boolean): Tensor {
  if (!fromLogits) {
    const clipped = targets.clipByValue(epsilon, 1);
    return clipped.mul(clipped.log().sub(outputs.clipByValue(epsilon, 1).log())).sum(-1);
  }
  // 0 log 0 is 0: the smallest normal float32 keeps the logarithm finite.
  const entropy = targets.mul(targets.maximum(2 ** -126).log());
  return entropy.sub(targets.mul(tf.logSoftmax(outputs, -1))).sum(-1);
}

/** mean_k of max(z,0) - z t + log(1 + exp(-|z|)): stable for logits of any size. */
export function binaryCrossEntropyOfLogits(outputs: Tensor, targets: Tensor): Tensor {
  return outputs.relu().sub(outputs.mul(targets)).add(outputs.abs().neg().exp().log1p()).mean(-1);
}

/** mean_k of -(t log p + (1 - t) log(1 - p)), value and gradient as PyTorch's `binary_cross_entropy`. */
export function binaryCrossEntropyOfProbabilities(outputs: Tensor, targets: Tensor): Tensor {
  const elements = tf.customGrad((x, save) => {
    const p = x as Tensor;
    keep(save, p, targets);
    const logs = p.log().maximum(smallestLog);
    const complements = p.neg().log1p().maximum(smallestLog);
    const value = targets.mul(logs).add(tf.sub(1, targets).mul(complements)).neg();
    return {
      value,
      gradFunc: (dy: Tensor, saved: Tensor[]) => {
        const [probability, truth] = saved as [Tensor, Tensor];
        const variance = tf.sub(1, probability).mul(probability).maximum(smallestVariance);
        return dy.mul(probability.sub(truth)).div(variance);
      },
    };
  });
  return elements(outputs).mean(-1);
}

/** mean_k of (z - t)^2. */
export function meanSquaredError(outputs: Tensor, targets: Tensor): Tensor {
  return outputs.sub(targets).square().mean(-1);
}

/** |x| whose gradient at 0 is 0, as PyTorch's; that of tfjs's `abs` is -1. */
function magnitude(x: Tensor): Tensor {
  return x.mul(x.sign());
}

/** mean_k of |z - t|. */
export function meanAbsoluteError(outputs: Tensor, targets: Tensor): Tensor {
  return magnitude(outputs.sub(targets)).mean(-1);
}

/** mean_k of d^2/2 up to |d| = delta, then delta (|d| - delta/2): PyTorch's and Keras's Huber loss. */
export function huber(outputs: Tensor, targets: Tensor, delta: number): Tensor {
  const distance = magnitude(outputs.sub(targets));
  const inner = distance.minimum(delta);
  return inner.square().mul(0.5).add(distance.sub(inner).mul(delta)).mean(-1);
}

/**
 * max(0, 1 + max_k (1 - t_k) z_k - sum_k t_k z_k): Keras's `CategoricalHinge`, whose inner maximum is never below
 * the 0 of the true class. Its gradient is TensorFlow's: equal maxima share it (tfjs's `max` gives each all of it).
 */
export function hinge(outputs: Tensor, targets: Tensor): Tensor {
  const samples = tf.customGrad((x, save) => {
    const z = x as Tensor;
    keep(save, z, targets);
    return {
      value: hingeMargin(z, targets).margin.squeeze([-1]).relu(),
      gradFunc: (dy: Tensor, saved: Tensor[]) => {
        const [given, truth] = saved as [Tensor, Tensor];
        const { others, largest, margin } = hingeMargin(given, truth);
        const chosen = others.equal(largest).cast('float32');
        const slope = chosen.div(chosen.sum(-1, true)).mul(tf.sub(1, truth)).sub(truth);
        return slope.mul(margin.greaterEqual(0).cast('float32')).mul(dy.expandDims(-1));
      },
    };
  });
  return samples(outputs);
}

function hingeMargin(z: Tensor, targets: Tensor): { others: Tensor; largest: Tensor; margin: Tensor } {
  const others = tf.sub(1, targets).mul(z);
  const largest = others.max(-1, true);
  return { others, largest, margin: largest.sub(targets.mul(z).sum(-1, true)).add(1) };
}

/** Keeps what a written-out gradient needs until the tape has run; a tensor merely closed over may be gone by then. */
function keep(save: unknown, ...tensors: Tensor[]): void {
  (save as (tensors: Tensor[]) => void)(tensors); // tfjs declares `save` as if it were one more input tensor
}
