import { type Tensor, tf } from '../base/tf.js';
import type { LossAlgebra } from './algebra.js';
import { tfjsBoxAlgebra } from './tfjs-box-algebra.js';

/** Keeps what a written-out gradient needs until the tape has run; a tensor merely closed over may be gone by then. */
function keep(save: unknown, tensors: readonly Tensor[]): void {
  (save as (tensors: readonly Tensor[]) => void)(tensors); // tfjs declares `save` as if it were one more input tensor
}

const withGradient: LossAlgebra<Tensor>['withGradient'] = (x, others, value, gradient) =>
  tf.customGrad((given, save) => {
    keep(save, [given as Tensor, ...others]);
    return {
      value: value(given as Tensor, ...others),
      gradFunc: (ofValue: Tensor, saved: Tensor[]) => {
        const [kept, ...rest] = saved as [Tensor, ...Tensor[]];
        return gradient(ofValue, kept, ...rest);
      },
    };
  })(x);

/** The operations of losses on tensors, differentiable by tfjs's tape. */
export const tfjsAlgebra: LossAlgebra<Tensor> = {
  add: (a, b) => a.add(b),
  subtract: (a, b) => a.sub(b),
  multiply: (a, b) => a.mul(b),
  divide: (a, b) => a.div(b),
  maximum: (a, b) => a.maximum(b),
  minimum: (a, b) => a.minimum(b),
  power: (a, exponent) => a.pow(exponent),
  squaredDifference: (a, b) => a.squaredDifference(b),
  negate: (a) => a.neg(),
  // The gradient of tfjs's `abs` at 0 is -1.
  absolute: (a) => a.mul(a.sign()),
  square: (a) => a.square(),
  exponential: (a) => a.exp(),
  expm1: (a) => a.expm1(),
  log: (a) => a.log(),
  log1p: (a) => a.log1p(),
  softplus: (a) => a.softplus(),
  logSoftmax: (a) => tf.logSoftmax(a, -1),
  isZero: (a) => a.equal(0).cast('float32'),
  sum: (a) => a.sum(-1),
  columnOfSums: (a) => a.sum(-1, true),
  mean: (a) => a.mean(-1),
  // tfjs's `max` gives the whole gradient to each of equal maxima.
  largest: (a) =>
    withGradient(
      a,
      [],
      (x) => x.max(-1),
      (ofValue, x) => {
        const chosen = x.equal(x.max(-1, true)).cast('float32');
        return chosen.div(chosen.sum(-1, true)).mul(ofValue.expandDims(-1));
      },
    ),
  softmaxCrossEntropy: (logits, targets) => {
    const rows = targets.rank === 1 ? tf.oneHot(targets.cast('int32').as1D(), logits.shape[1] ?? 1) : targets;
    return rows.cast('float32').mul(tf.logSoftmax(logits, -1)).sum(-1).neg();
  },
  sumOfPixels: (a, each) => a.reshape([-1, each, a.shape[1] ?? 1]).sum(1),
  column: (a) => a.reshape([-1, 1]),
  perClass: (numbers) => tf.tensor1d([...numbers]),
  ofClass: (numbers, indices) => numbers.gather(indices.cast('int32').as1D()),
  withGradient,
  ...tfjsBoxAlgebra,
};
