import type * as types from '@tensorflow/tfjs';
import { tf as instance } from '../base/tf.js';

/** The instance of TensorFlow.js that convoy trains with. Build models with this one: another copy does not know them. */
export const tf = instance;

/** Its types, beside the value: `tf.LayersModel`. */
export declare namespace tf {
  export type LayersModel = types.LayersModel;
  export type Sequential = types.Sequential;
  export type SymbolicTensor = types.SymbolicTensor;
  export type Scalar = types.Scalar;
  export type Tensor<R extends types.Rank = types.Rank> = types.Tensor<R>;
  export type Tensor1D = types.Tensor1D;
  export type Tensor2D = types.Tensor2D;
  export type Tensor3D = types.Tensor3D;
  export type Tensor4D = types.Tensor4D;
  export type Variable<R extends types.Rank = types.Rank> = types.Variable<R>;
}
