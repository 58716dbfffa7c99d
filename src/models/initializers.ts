import { PyTorchUniform } from '../layers/index.js';
import { tf } from '../tf.js';

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
