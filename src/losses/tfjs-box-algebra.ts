import { type Tensor, tf } from '../base/tf.js';
import type { BoxAlgebra } from './box-algebra.js';

/** The operations of detectors' losses on tensors. */
export const tfjsBoxAlgebra: BoxAlgebra<Tensor> = {
  greater: (a, b) => a.greater(b).cast('float32'),
  arctangent: (a) => a.atan(),
  constantOf,
  shaped: (a, shape) => a.reshape([...shape]),
  part: (a, begin, size) => {
    const before = a.shape.slice(0, -1);
    return a.slice([...before.map(() => 0), begin], [...before, size]);
  },
  numbers: (values, shape) => tf.tensor(Float32Array.from(values), [...shape]),
  sumAlong: (a, axis) => a.sum(axis, true),
  greatestAlong: (a, axis) => a.max(axis, true),
  ranked: (a, k) => {
    const before = a.shape.slice(0, -1);
    const { values } = tf.topk(constantOf(a), k, true);
    return values.slice([...before.map(() => 0), k - 1], [...before, 1]);
  },
  places: (a) => {
    const { indices } = tf.topk(constantOf(a), a.shape.at(-1) ?? 1, true);
    return constantOf(tf.topk(indices.cast('float32').neg(), a.shape.at(-1) ?? 1, true).indices.cast('float32'));
  },
  rowProducts: (a, b) => tf.matMul(constantOf(a), constantOf(b), false, true),
};

/** A copy outside of the tape, which has no gradients for comparisons. */
function constantOf(a: Tensor): Tensor {
  return tf.tensor(a.dataSync() as Float32Array, a.shape, 'float32');
}
