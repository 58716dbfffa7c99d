/**
 * The one instance of tfjs in this process: `@tensorflow/tfjs-node` requires the same package. It is required here too, and
 * not imported: Node parses an imported CommonJS module twice, which doubles the time that these 3 MB take to load.
 *
 * This module does not load TensorFlow: `src/native` does, and registers it as tfjs's backend.
 */
import { createRequire } from 'node:module';
import type tfjs from '@tensorflow/tfjs';

export const tf = createRequire(import.meta.url)('@tensorflow/tfjs') as typeof tfjs;

// Models are built on tfjs's own backend, which recommends, once, to install the one that trains: it is there.
const makeOwn = tf.findBackendFactory('cpu');
if (makeOwn !== null) {
  tf.removeBackend('cpu');
  tf.registerBackend('cpu', () => Object.assign(makeOwn(), { firstUse: false }), 1); // its own priority
}

export type {
  LayersModel,
  SymbolicTensor,
  Tensor,
  Tensor1D,
  Tensor2D,
  Tensor3D,
  Tensor4D,
  Variable,
} from '@tensorflow/tfjs';
