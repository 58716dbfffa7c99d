import { ConvoyError } from '../base/errors.js';
import { type Tensor, type Tensor1D, tf } from '../base/tf.js';
import type { LossSpec } from '../contracts/index.js';
import {
  binaryCrossEntropyOfLogits,
  binaryCrossEntropyOfProbabilities,
  crossEntropy,
  focal,
  hinge,
  huber,
  klDivergence,
  logProbabilities,
  meanAbsoluteError,
  meanSquaredError,
} from './formulas.js';
import type { ModuleLoss } from './module-loss.js';

/** What a loss gives per sample; the loss of any set of samples is sum(weights * losses) / sum(weights). */
export type SampleLosses = {
  /** [B] */
  readonly losses: Tensor1D;
  /** [B] */
  readonly weights: Tensor1D;
};

/** Lin et al. 2017, section 5.1, and Keras: gamma 2, alpha 0.25. */
const focalDefaults = { gamma: 2, alpha: 0.25 };

/** Targets as [B,K] float32: class indices become one-hot rows, or 0 and 1 for a single output (binary). */
function asRows(targets: Tensor, outputs: Tensor, classes: number): Tensor {
  const width = outputs.shape[1] ?? 0;
  const wide = targets.rank === 2 ? targets.shape[1] === width : width === classes || width === 1;
  if (outputs.rank !== 2 || !wide) {
    throw new ConvoyError(
      'CONVOY_MODEL',
      `Expected outputs [samples, ${targets.rank === 2 ? targets.shape[1] : classes}] for the loss ` +
        `but the model gives [${outputs.shape.join(', ')}]`,
    );
  }
  if (targets.rank === 2) return targets.cast('float32');
  if (width === 1) return targets.cast('float32').expandDims(-1);
  return tf.oneHot(targets.cast('int32').as1D(), width).cast('float32');
}

/** t (1 - s) + s * rest: PyTorch's and Keras's label smoothing, `rest` being 1/K (softmax) or 1/2 (binary). */
function smooth(targets: Tensor, smoothing: number, rest: number): Tensor {
  return smoothing === 0 ? targets : targets.mul(1 - smoothing).add(smoothing * rest);
}

function softmaxCrossEntropy(
  spec: Extract<LossSpec, { name: 'crossEntropy' }>,
  outputs: Tensor,
  rows: Tensor,
  indices: boolean,
): SampleLosses {
  const { fromLogits = true, labelSmoothing = 0, classWeights } = spec;
  const smoothed = smooth(rows, labelSmoothing, 1 / (outputs.shape[1] ?? 1));
  const logs = logProbabilities(outputs, fromLogits);
  if (classWeights === undefined) return unweighted(crossEntropy(logs, smoothed, undefined));
  const table = tf.tensor1d([...classWeights]);
  const losses = crossEntropy(logs, smoothed, table);
  // PyTorch divides by the sum of the targets' weights for class indices, but by the batch size for soft targets.
  if (!indices) return unweighted(losses);
  const weights = rows.mul(table).sum(-1).as1D();
  const divisors = weights.add(weights.equal(0).cast('float32')); // a sample of weight 0 has loss 0, not 0/0
  return { losses: losses.div(divisors).as1D(), weights };
}

function unweighted(losses: Tensor): SampleLosses {
  return { losses: losses.as1D(), weights: tf.onesLike(losses).as1D() };
}

/**
 * Per-sample losses and weights of a batch, differentiable in `outputs` by tfjs's tape. Formulas are PyTorch's where it
 * has the loss, Keras's otherwise. The caller owns both tensors; nothing else is left behind.
 *
 * Element losses (binary cross-entropy, squared, absolute, Huber) are the mean over a sample's K outputs, so that the
 * mean over the batch equals PyTorch's mean over all elements.
 *
 * @param outputs float32 [B,K]; logits unless the loss says `fromLogits: false`.
 * @param targets int32 [B] class indices, or float32 [B,K] multi-label or soft targets.
 * @param classes K; with class indices, binary losses may also have a single output [B,1].
 * @param own the function of the loss `module`.
 * @throws ConvoyError `CONVOY_MODEL` when the outputs' width does not fit the targets.
 */
export function sampleLosses(
  spec: LossSpec,
  outputs: Tensor,
  targets: Tensor,
  classes: number,
  own?: ModuleLoss,
): SampleLosses {
  return tf.tidy(() => {
    const rows = asRows(targets, outputs, classes);
    switch (spec.name) {
      case 'crossEntropy':
        return softmaxCrossEntropy(spec, outputs, rows, targets.rank === 1);
      case 'binaryCrossEntropy': {
        const smoothed = smooth(rows, spec.labelSmoothing ?? 0, 0.5);
        const elements = (spec.fromLogits ?? true) ? binaryCrossEntropyOfLogits : binaryCrossEntropyOfProbabilities;
        return unweighted(elements(outputs, smoothed));
      }
      case 'focal': {
        const logs = logProbabilities(outputs, spec.fromLogits ?? true);
        return unweighted(focal(logs, rows, spec.gamma ?? focalDefaults.gamma, spec.alpha ?? focalDefaults.alpha));
      }
      case 'meanSquaredError':
        return unweighted(meanSquaredError(outputs, rows));
      case 'meanAbsoluteError':
        return unweighted(meanAbsoluteError(outputs, rows));
      case 'huber':
        return unweighted(huber(outputs, rows, spec.delta ?? 1));
      case 'klDivergence':
        return unweighted(klDivergence(outputs, rows, spec.fromLogits ?? true));
      case 'hinge':
        return unweighted(hinge(outputs, rows));
      case 'module':
        if (own === undefined) throw new TypeError(`the loss of ${spec.path} was not loaded`);
        return unweighted(own(outputs, rows, tf));
    }
  });
}
