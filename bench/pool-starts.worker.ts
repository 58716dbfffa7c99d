/** Piscina entry of `pool-starts.ts`: loads TensorFlow in its thread and takes one gradient of a small convolution. */
import { loadNativeInWorker } from '../src/native/index.js';
import { tf, type Tensor, type Tensor4D } from '../src/tf.js';

const native = await loadNativeInWorker();

/** The sum of the gradient's magnitudes; the same for every thread. */
export default function step(): number {
  const sum = tf.tidy(() => {
    const images = tf.fill([2, 8, 8, 3], 0.5) as Tensor4D;
    const loss = (kernel: Tensor) => {
      const convolved = tf.conv2d(images, kernel.as4D(3, 3, 3, 4), 1, 'same');
      return tf.maxPool(tf.relu(convolved), 2, 2, 'valid').square().mean();
    };
    return tf.grad(loss)(tf.fill([3, 3, 3, 4], 0.1)).abs().sum().dataSync()[0] ?? Number.NaN;
  });
  if (native.tensorCount() !== 0) throw new Error(`${native.tensorCount()} tensors leaked`);
  return sum;
}
