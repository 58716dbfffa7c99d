import type { GraphNode, Value } from '../../ops/index.js';
import type { OnnxConverter } from './converter.js';

/** Adds the ONNX nodes of one TensorFlow op and names its outputs. */
export type OnnxLowering = (onnx: OnnxConverter, node: GraphNode) => void;

/** Lowerings by TensorFlow's name of the op. */
export type OnnxLowerings = Readonly<Record<string, OnnxLowering>>;

/** A node's input at a place. */
export function inputOf(node: GraphNode, place: number): Value {
  const value = node.inputs[place];
  if (value === undefined) throw new TypeError(`${node.name} (${node.op}) has no input ${place}`);
  return value;
}

/** A node's first output. */
export function outputOf(node: GraphNode): Value {
  return node.outputs[0] as Value;
}

/** A list of integers among a node's attributes. */
export function integersOf(node: GraphNode, name: string): readonly number[] {
  const attribute = node.attributes[name];
  if (typeof attribute !== 'object' || !('integers' in attribute)) throw new TypeError(`${node.name} has no ${name}`);
  return attribute.integers;
}

/** A float among a node's attributes. */
export function floatOf(node: GraphNode, name: string): number {
  const attribute = node.attributes[name];
  if (typeof attribute !== 'object' || !('float' in attribute)) throw new TypeError(`${node.name} has no ${name}`);
  return attribute.float;
}
