/** The addon under tfjs-node, typed by what `binding/tfjs_binding.cc` of 4.22 exports. */
import type { TensorInfo } from '@tensorflow/tfjs';
import { ConvoyError } from '../base/errors.js';
import type { Tensor } from '../base/tf.js';
import type { OpAttribute, TypeName } from './types.js';

/** What the addon tells of a tensor it made. */
export interface TensorMetadata {
  readonly id: number;
  readonly shape: number[];
  readonly dtype: number;
}

/** An attribute as the addon takes it. */
interface RawAttribute {
  readonly name: string;
  readonly type: number;
  readonly value: number | boolean | string | readonly number[];
}

export interface Binding {
  readonly TF_Version: string;
  /** An array of bytes makes a tensor of strings, an element each. */
  createTensor(
    shape: readonly number[],
    dtype: number,
    values: Float32Array | Int32Array | Uint8Array | readonly Uint8Array[],
  ): number;
  deleteTensor(id: number): void;
  tensorDataSync(id: number): Float32Array | Int32Array | Uint8Array;
  executeOp(
    op: string,
    attributes: readonly RawAttribute[],
    inputs: readonly number[],
    outputs: number,
  ): TensorMetadata[];
  runSavedModel(id: number, inputs: readonly number[], inputNames: string, outputNames: string): TensorMetadata[];
  /** Opens a session of the graph that has these tags, separated by commas. */
  loadSavedModel(folder: string, tags: string): number;
  deleteSavedModel(session: number): void;
  getNumOfTensors(): number;
}

/** tfjs-node's backend object: the binding, and the bridge between ids and tfjs tensors. */
export interface Backend {
  readonly binding: Binding;
  createOutputTensor(metadata: TensorMetadata): Tensor;
  getInputTensorIds(tensors: readonly TensorInfo[]): number[];
}

/** TF_AttrType of TensorFlow's public `c_api.h`; a list is passed with the type of its elements. */
const attributeTypes: Readonly<Record<OpAttribute['kind'], number>> = {
  string: 0,
  int: 1,
  ints: 1,
  float: 2,
  bool: 3,
  type: 4,
  shape: 5,
};

/** TF_DataType of TensorFlow's public `tf_datatype.h`. */
export const typeNumbers: Readonly<Record<TypeName, number>> = {
  float32: 1,
  float64: 2,
  int32: 3,
  uint8: 4,
  int16: 5,
  int8: 6,
  string: 7,
  int64: 9,
  bool: 10,
  bfloat16: 14,
  uint16: 17,
  float16: 19,
  resource: 20,
  uint32: 22,
  uint64: 23,
};

/** An attribute in the addon's form. */
export function rawAttribute(attribute: OpAttribute): RawAttribute {
  const value = attribute.kind === 'type' ? typeNumbers[attribute.value] : attribute.value;
  return { name: attribute.name, type: attributeTypes[attribute.kind], value };
}

function hasFunctions(value: unknown, names: readonly string[]): boolean {
  if (typeof value !== 'object' || value === null) return false;
  return names.every((name) => typeof Reflect.get(value, name) === 'function');
}

function isBackend(value: unknown): value is Backend {
  if (!hasFunctions(value, ['createOutputTensor', 'getInputTensorIds'])) return false;
  const binding: unknown = Reflect.get(Object(value), 'binding');
  return hasFunctions(binding, [
    'createTensor',
    'deleteTensor',
    'tensorDataSync',
    'executeOp',
    'runSavedModel',
    'loadSavedModel',
    'deleteSavedModel',
    'getNumOfTensors',
  ]);
}

/**
 * The backend that tfjs-node registered.
 *
 * @throws ConvoyError `CONVOY_NATIVE` when it has not the parts of tfjs-node 4.22.
 */
export function asBackend(backend: unknown): Backend {
  if (isBackend(backend)) return backend;
  throw new ConvoyError(
    'CONVOY_NATIVE',
    'Expected the backend of @tensorflow/tfjs-node 4.22 but found another; install the locked versions with `npm ci`',
  );
}
