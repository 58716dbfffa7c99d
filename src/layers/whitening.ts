import { type Tensor, tf } from '../base/tf.js';

/**
 * Marks a first convolution whose kernel and bias are computed from the training images before training
 * (`src/runtime/whitening.ts`): its outputs are their patches along the axes of their covariance, of variance 1, and the negatives
 * of these. Where there are no images at hand its kernel is `identityAndNegative`.
 */
export class Whitening extends tf.serialization.Serializable {
  static readonly className = 'Whitening';

  apply(shape: number[], dtype?: 'float32' | 'int32' | 'bool'): Tensor {
    return tf.tensor(identityAndNegative(shape), shape, dtype);
  }

  fromConfigUsesCustomObjects(): boolean {
    return false;
  }

  getConfig(): Record<string, never> {
    return {};
  }
}

/**
 * A kernel [height, width, channels, filters] that gives the values of a patch one by one and then their negatives, as
 * many as there are filters: the whitening of patches that are white already.
 */
export function identityAndNegative(shape: readonly number[]): Float32Array {
  const filters = shape.at(-1) ?? 1;
  const axes = shape.slice(0, -1).reduce((product, size) => product * size, 1);
  const values = new Float32Array(axes * filters);
  for (let filter = 0; filter < Math.min(filters, 2 * axes); filter++) {
    values[(filter % axes) * filters + filter] = filter < axes ? 1 : -1;
  }
  return values;
}

tf.serialization.registerClass(Whitening);
