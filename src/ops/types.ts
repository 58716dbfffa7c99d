/** Element types that convoy's graphs use, by tfjs's names where it has them. */
export type DataType = 'float32' | 'bfloat16' | 'int32' | 'int64' | 'int16' | 'uint8' | 'bool' | 'complex64';

/** TensorFlow's `DataType` enumeration (tensorflow/core/framework/types.proto). */
export const dataTypeNumbers: Readonly<Record<DataType, number>> = {
  float32: 1,
  int32: 3,
  uint8: 4,
  int16: 5,
  complex64: 8,
  int64: 9,
  bool: 10,
  bfloat16: 14,
};

/** Sizes of a value's axes; -1 is free: the batch, or what follows from it. */
export type Shape = readonly number[];

/** A node's attribute; a plain boolean, string or number (integer) stands for itself. */
export type Attribute =
  | boolean
  | string
  | number
  | { readonly float: number }
  | { readonly type: DataType }
  | { readonly types: readonly DataType[] }
  | { readonly shape: Shape }
  | { readonly integers: readonly number[] }
  | { readonly tensor: Uint8Array; readonly type: DataType; readonly shape: Shape };

/** Named attributes of a node. */
export type Attributes = Readonly<Record<string, Attribute>>;

/** One operation of the graph. */
export interface GraphNode {
  readonly name: string;
  readonly op: string;
  readonly inputs: readonly Value[];
  readonly attributes: Attributes;
  /** Nodes that must have run before this one. */
  readonly controls: readonly GraphNode[];
  readonly outputs: readonly Value[];
  /** Place in the order of creation; inputs always come first. */
  readonly index: number;
}

/** One output of a node. */
export interface Value {
  readonly node: GraphNode;
  readonly output: number;
  readonly type: DataType;
  readonly shape: Shape;
}

/** How many elements a shape without a free axis has; of one with it, how many for each place of the free axis. */
export function elementsPerSample(shape: Shape): number {
  return shape.reduce((product, size) => product * (size < 0 ? 1 : size), 1);
}

/** The name by which a session knows a value. */
export function valueName(value: Value): string {
  return value.output === 0 ? value.node.name : `${value.node.name}:${value.output}`;
}
