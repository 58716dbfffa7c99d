/** A worker of native.test.ts: loads TensorFlow, runs ops of several kinds, and answers with a sum that it knows. */
import { parentPort, workerData } from 'node:worker_threads';
import { tf } from '../../src/base/tf.js';
import { loadNativeInWorker } from '../../src/native/index.js';

const native = await loadNativeInWorker({ tensors: true });
const value = Number(workerData);
const sum = tf.tidy(() => {
  const image = tf.fill([1, 4, 4, 1], value);
  const filter = tf.ones([3, 3, 1, 1]);
  const convolved = tf.conv2d(tf.transpose(image, [0, 2, 1, 3]).as4D(1, 4, 4, 1), filter.as4D(3, 3, 1, 1), 1, 'valid');
  const pooled = tf.maxPool(convolved, 2, 1, 'valid').as2D(1, 1);
  return tf.sum(tf.matMul(pooled, tf.ones([1, 2]))).dataSync()[0];
});
parentPort?.postMessage(native.tensorCount() === 0 ? sum : `${native.tensorCount()} tensors leaked`);
