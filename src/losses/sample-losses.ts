import { ConvoyError } from '../base/errors.js';
import { type Tensor, type Tensor1D, tf } from '../base/tf.js';
import type { ModuleLoss } from './module-loss.js';
import { type LossSpec, lossNamed } from './registry.js';
import { tfjsAlgebra } from './tfjs-algebra.js';

/** Which pixels of masks have a class, 1 or 0, [R]; and how many an image has. */
type Pixels = { readonly valid: Tensor1D; readonly each: number };

/** What a loss gives per sample; the loss of any set of samples is sum(weights * losses) / sum(weights). */
export type SampleLosses = {
  /** [B] */
  readonly losses: Tensor1D;
  /** [B] */
  readonly weights: Tensor1D;
};

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
 * @param pixels where a row is a pixel of a mask.
 * @throws ConvoyError `CONVOY_MODEL` when the outputs' width does not fit the targets.
 */
export function sampleLosses(
  spec: LossSpec,
  outputs: Tensor,
  targets: Tensor,
  classes: number,
  own?: ModuleLoss,
  pixels?: Pixels,
): SampleLosses {
  return tf.tidy(() => {
    const rows = asRows(targets, outputs, classes);
    const { losses, weights } = lossNamed(spec).compiles
      ? lossNamed(spec).sample(spec, { ...inputsOf(spec, outputs, targets), rows, pixels }, tfjsAlgebra)
      : { losses: ofModule(spec, outputs, rows, own), weights: undefined };
    const weighted = weights ?? tf.onesLike(losses);
    const counted = pixels === undefined || lossNamed(spec).perImage ? weighted : weighted.mul(pixels.valid);
    return { losses: losses.as1D(), weights: counted.as1D() };
  });
}

/**
 * Losses and weights of the images of a batch for a detector, differentiable in `outputs`.
 *
 * @param outputs float32 [B, points, 4 + classes].
 * @param targets float32 [B, rows, 6], as `BoxTargets` has them.
 * @param uniform draws numbers from 0 up to 1 for losses that choose at random.
 */
export function detectionLosses(
  spec: LossSpec,
  outputs: Tensor,
  targets: Tensor,
  image: { readonly height: number; readonly width: number },
  uniform: (shape: readonly number[]) => Tensor = noNumbers,
): SampleLosses {
  const [batch = 0, points = 0, length = 4] = outputs.shape;
  const draw = (): Tensor => uniform([batch, 1, points]);
  const boxes = { outputs, uniform: draw, targets, points, classes: length - 4, rows: targets.shape[1] ?? 0, image };
  return tf.tidy(() => {
    const unused = { outputs, width: length, logits: undefined, indices: undefined, rows: targets };
    const { losses, weights } = lossNamed(spec).sample(spec, { ...unused, boxes }, tfjsAlgebra);
    return { losses: losses.as1D(), weights: (weights ?? tf.onesLike(losses)).as1D() };
  });
}

function noNumbers(): never {
  throw new TypeError('a loss that chooses at random was given no random numbers');
}

function inputsOf(spec: LossSpec, outputs: Tensor, targets: Tensor) {
  const probabilities = 'fromLogits' in spec && spec.fromLogits === false;
  return {
    outputs,
    width: outputs.shape[1] ?? 1,
    logits: lossNamed(spec).takesLogits && !probabilities ? outputs : undefined,
    indices: targets.rank === 1 ? targets : undefined,
  };
}

function ofModule(spec: LossSpec, outputs: Tensor, rows: Tensor, own: ModuleLoss | undefined): Tensor {
  if (own === undefined) throw new TypeError(`the loss of ${JSON.stringify(spec)} was not loaded`);
  return own(outputs, rows, tf);
}
