/**
 * The one instance of tfjs in this process. `@tensorflow/tfjs-node` requires the CommonJS build of the same package,
 * so importing its default here gives that very instance; a namespace import could give another copy.
 *
 * This module does not load TensorFlow: `src/native` does, and registers it as tfjs's backend.
 */
import tfjs from '@tensorflow/tfjs';

export const tf = tfjs;

// Models are built on tfjs's own backend, which recommends, once, to install the one that trains: it is there.
const makeOwn = tfjs.findBackendFactory('cpu');
if (makeOwn !== null) {
  tfjs.removeBackend('cpu');
  tfjs.registerBackend('cpu', () => Object.assign(makeOwn(), { firstUse: false }), 1); // its own priority
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
