import { tf } from '../base/tf.js';
import { PyTorchUniform } from '../layers/index.js';

/** Initialisers of kernels that a network can be built with, by the names of Keras and PyTorch. */
export const initializerNames = [
  'glorotUniform',
  'glorotNormal',
  'heUniform',
  'heNormal',
  'heNormalFanOut',
  'leCunUniform',
  'leCunNormal',
  'truncatedNormal',
  'orthogonal',
  'pytorchUniform',
] as const;

/** One of `initializerNames`. */
export type InitializerName = (typeof initializerNames)[number];

/** A tfjs initializer, or the name of a registered one, as layer arguments take it. */
export type LayerInitializer = ReturnType<typeof tf.initializers.zeros> | string;

/** Initialisers of a dense layer's kernel and bias. */
export interface DenseInitializers {
  readonly initializer: LayerInitializer;
  readonly bias: LayerInitializer;
}

/** Those that dense layers have in a source network, whose convolutions have others. */
export const denseInitializers = {
  /** PyTorch's `nn.Linear`: kernel and bias uniform within 1 / sqrt(inputs). */
  torch: (): DenseInitializers => ({ initializer: PyTorchUniform.className, bias: PyTorchUniform.className }),
  /** The same with a bias of zeros, as torchvision's DenseNet. */
  torchWithoutBias: (): DenseInitializers => ({ initializer: PyTorchUniform.className, bias: tf.initializers.zeros() }),
  /** Keras's own default. */
  keras: (): DenseInitializers => ({ initializer: tf.initializers.glorotUniform({}), bias: tf.initializers.zeros() }),
  /** Normal with a deviation of 0.01, as torchvision's VGG and GoogLeNet. */
  small: (): DenseInitializers => ({
    initializer: tf.initializers.randomNormal({ mean: 0, stddev: 0.01 }),
    bias: tf.initializers.zeros(),
  }),
} as const;

/** The tfjs initializer of this name; layers keep it in their configuration, `initialWeights` draws the values. */
export function initializerNamed(name: InitializerName): LayerInitializer {
  switch (name) {
    case 'heNormalFanOut': // torchvision's kaiming_normal_(mode='fan_out')
      return tf.initializers.varianceScaling({ scale: 2, mode: 'fanOut', distribution: 'normal' });
    case 'truncatedNormal': // 0.02: ViT, and Inception as trained in TensorFlow slim
      return tf.initializers.truncatedNormal({ mean: 0, stddev: 0.02 });
    case 'orthogonal':
      return tf.initializers.orthogonal({});
    case 'pytorchUniform':
      return PyTorchUniform.className; // tfjs knows own initializers by name only
    default:
      return tf.initializers[name]({});
  }
}
