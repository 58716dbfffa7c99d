import { type Tensor, tf } from '../base/tf.js';

/**
 * PyTorch's default initialisation of linear and convolution layers: `kaiming_uniform(a = sqrt(5))`, that is uniform
 * in ±1/sqrt(fan in) for kernels, and the same bound for the bias beside them.
 *
 * convoy draws its values in `initialWeights`, which knows the kernel that a bias belongs to; `apply` here only serves
 * tfjs when it builds such a layer by itself, and gives zeros for a bias, whose bound it cannot know.
 */
export class PyTorchUniform extends tf.serialization.Serializable {
  static readonly className = 'PyTorchUniform';

  apply(shape: number[], dtype?: 'float32' | 'int32' | 'bool'): Tensor {
    if (shape.length < 2) return tf.zeros(shape, dtype);
    const bound = 1 / Math.sqrt(shape.slice(0, -1).reduce((product, size) => product * size, 1));
    return tf.randomUniform(shape, -bound, bound, dtype);
  }

  fromConfigUsesCustomObjects(): boolean {
    return false;
  }

  getConfig(): Record<string, never> {
    return {};
  }
}

tf.serialization.registerClass(PyTorchUniform);
