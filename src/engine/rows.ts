import { type Tensor, type Tensor1D, tf } from '../base/tf.js';
import { ignoredPixel, type StepSpec } from '../contracts/index.js';

/** Outputs and targets as losses compare them, as `rowsOf` of src/graph makes them of nodes. */
export interface TensorRows {
  /** [R, K] */
  readonly outputs: Tensor;
  /** int32 [R] class indices, or float32 [R, K]. */
  readonly targets: Tensor;
  readonly pixels?: { readonly valid: Tensor1D; readonly each: number };
}

/**
 * The rows of a batch: images, or the pixels of masks.
 *
 * @param targets as `slotTargets` reads them.
 */
export function tensorRows({ targets: kind, image }: StepSpec, outputs: Tensor, targets: Tensor): TensorRows {
  const [samples = 0] = outputs.shape;
  if (kind === 'pixels') {
    return { outputs: outputs.reshape([samples, -1]), targets: targets.mul(1 / 255).reshape([samples, -1]) };
  }
  if (kind !== 'masks') return { outputs, targets };
  const classes = targets.reshape([-1]);
  const valid = classes.notEqual(ignoredPixel);
  return {
    outputs: outputs.reshape([-1, outputs.shape[3] ?? 1]),
    targets: classes.mul(valid.cast('int32')),
    pixels: { valid: valid.cast('float32').as1D(), each: image.height * image.width },
  };
}

/** What evaluation keeps of outputs, [B, kept]. */
export function keptTensor({ targets }: StepSpec, outputs: Tensor, threshold: number): Tensor {
  const [samples = 0] = outputs.shape;
  if (targets === 'pixels' || targets === 'boxes') return outputs.reshape([samples, -1]);
  if (targets !== 'masks') return outputs;
  const said = outputs.shape[3] === 1 ? outputs.greater(threshold) : tf.argMax(outputs, -1);
  return said.cast('float32').reshape([samples, -1]);
}

/** Sum over the images of which share of their pixels, those of no class left out, is right. */
export function rightShares(right: Tensor, { valid, each }: NonNullable<TensorRows['pixels']>): Tensor {
  const perImage = (x: Tensor): Tensor => x.reshape([-1, each]).sum(1);
  return perImage(right.cast('float32').mul(valid)).div(perImage(valid).maximum(1)).sum();
}
