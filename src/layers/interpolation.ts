import { type Tensor4D, tf } from '../base/tf.js';

/** Shares of `from` pixels in each of `to`, by centres of pixels, as TensorFlow 2 and Keras interpolate: rows of a matrix [to, from]. */
function shares(from: number, to: number, interpolation: string): Float32Array {
  const matrix = new Float32Array(to * from);
  const inside = (place: number): number => Math.min(from - 1, Math.max(0, place));
  const add = (row: number, column: number, share: number): void => {
    const at = row * from + inside(column);
    matrix[at] = (matrix[at] ?? 0) + share;
  };
  for (let row = 0; row < to; row++) {
    const centre = (row + 0.5) * (from / to);
    if (interpolation === 'nearest') {
      add(row, Math.floor(centre), 1);
      continue;
    }
    const left = Math.floor(centre - 0.5);
    const share = centre - 0.5 - left;
    add(row, left, 1 - share);
    add(row, left + 1, share);
  }
  return matrix;
}

/** Images [batch, height, width, channels] at another size, bilinear or nearest, as products with shares: differentiable. */
export function resizedTensor(
  x: Tensor4D,
  [height, width]: readonly [number, number],
  interpolation: string,
): Tensor4D {
  const [batch, high, wide, channels] = x.shape;
  const down = tf.tensor2d(shares(high, height, interpolation), [height, high]);
  const across = tf.tensor2d(shares(wide, width, interpolation), [width, wide]);
  const columns = tf.reshape(tf.transpose(x, [1, 0, 2, 3]), [high, batch * wide * channels]);
  const tall = tf.reshape(tf.matMul(down, columns), [height, batch, wide, channels]);
  const rows = tf.reshape(tf.transpose(tall, [2, 1, 0, 3]), [wide, batch * height * channels]);
  return tf.transpose(tf.reshape(tf.matMul(across, rows), [width, batch, height, channels]), [1, 2, 0, 3]) as Tensor4D;
}
