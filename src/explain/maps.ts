import { valueError } from '../base/errors.js';
import type { LayersModel, Tensor, Tensor4D } from '../base/tf.js';
import { ends } from './walk.js';

/** A map for each image. */
export interface Maps {
  /** [images, height, width], one behind the other. */
  readonly values: Float32Array;
  readonly shape: readonly [images: number, height: number, width: number];
  /** The class that each map explains. */
  readonly classes: Int32Array;
}

/** Which classes are explained. */
export interface ClassChoice {
  /** A class index for all images, or one for each; default: the class that the network gives the highest score. */
  readonly classes?: number | readonly number[] | undefined;
}

/**
 * Refuses what is no batch of the model's images.
 *
 * @throws ConvoyError `CONVOY_OPTION`.
 */
export function checkImages(model: LayersModel, images: Tensor): Tensor4D {
  const [, ...shape] = ends(model).input.shape;
  const fits = images.rank === 4 && shape.every((size, axis) => size === null || size === images.shape[axis + 1]);
  if (!fits) throw valueError('images', `a tensor of [images, ${shape.join(', ')}]`, `[${images.shape.join(', ')}]`);
  return images as Tensor4D;
}

/** Copies a tensor [images, height, width] out of TensorFlow. */
export async function mapsOf(tensor: Tensor, classes: Int32Array): Promise<Maps> {
  try {
    const [images = 0, height = 0, width = 0] = tensor.shape;
    return { values: Float32Array.from(await tensor.data()), shape: [images, height, width], classes };
  } finally {
    tensor.dispose();
  }
}
