import type { GraphBuilder } from './builder.js';
import type { DataType, GraphNode, Shape, Value } from './types.js';

/** Ops from one value to another of the same type and shape. */
export type UnaryOp =
  | 'Abs'
  | 'Atan'
  | 'Cos'
  | 'Elu'
  | 'Erf'
  | 'Exp'
  | 'Expm1'
  | 'Floor'
  | 'Identity'
  | 'IsNan'
  | 'Log'
  | 'Log1p'
  | 'LogSoftmax'
  | 'Neg'
  | 'Reciprocal'
  | 'Relu'
  | 'Relu6'
  | 'Rsqrt'
  | 'Selu'
  | 'Sigmoid'
  | 'Sign'
  | 'Sin'
  | 'Softmax'
  | 'Softplus'
  | 'Softsign'
  | 'Sqrt'
  | 'Square'
  | 'StopGradient'
  | 'Tanh';

/** Ops on two values that broadcast to one shape. */
export type BinaryOp =
  | 'AddV2'
  | 'Sub'
  | 'Mul'
  | 'RealDiv'
  | 'FloorDiv'
  | 'Maximum'
  | 'Minimum'
  | 'Pow'
  | 'SquaredDifference';

/** Comparisons of two values that broadcast to one shape. */
type CompareOp = 'Equal' | 'NotEqual' | 'Greater' | 'GreaterEqual' | 'Less' | 'LessEqual';

/** The shape to which two shapes broadcast, or undefined where they don't. */
export function broadcastShape(a: Shape, b: Shape): Shape | undefined {
  const rank = Math.max(a.length, b.length);
  const shape: number[] = [];
  for (let axis = 0; axis < rank; axis++) {
    const left = a[axis - rank + a.length] ?? 1;
    const right = b[axis - rank + b.length] ?? 1;
    if (left !== right && left !== 1 && right !== 1) return undefined;
    shape.push(left === 1 ? right : left);
  }
  return shape;
}

function broadcast(op: string, a: Value, b: Value): Shape {
  const shape = broadcastShape(a.shape, b.shape);
  if (shape === undefined || a.type !== b.type) {
    throw new RangeError(`${op} of ${a.type} [${a.shape.join(', ')}] and ${b.type} [${b.shape.join(', ')}]`);
  }
  return shape;
}

/** Applies an op element by element (softmaxes: along the last axis). */
export function unary(graph: GraphBuilder, op: UnaryOp, x: Value): Value {
  return graph.add(op, [x], { T: { type: x.type } }, { type: x.type, shape: x.shape });
}

/** Applies an op to two values, broadcasting as NumPy does. */
export function binary(graph: GraphBuilder, op: BinaryOp, a: Value, b: Value): Value {
  return graph.add(op, [a, b], { T: { type: a.type } }, { type: a.type, shape: broadcast(op, a, b) });
}

/** Compares two values, broadcasting as NumPy does. */
export function compare(graph: GraphBuilder, op: CompareOp, a: Value, b: Value): Value {
  return graph.add(op, [a, b], { T: { type: a.type } }, { type: 'bool', shape: broadcast(op, a, b) });
}

/** A scalar constant of the value's type. */
export function scalarOf(graph: GraphBuilder, x: Value, value: number): Value {
  return graph.constant(value, x.type);
}

/** `x * factor`, or x itself when the factor is 1. */
export function scale(graph: GraphBuilder, x: Value, factor: number): Value {
  return factor === 1 ? x : binary(graph, 'Mul', x, scalarOf(graph, x, factor));
}

/** `x + offset`, or x itself when the offset is 0. */
export function shift(graph: GraphBuilder, x: Value, offset: number): Value {
  return offset === 0 ? x : binary(graph, 'AddV2', x, scalarOf(graph, x, offset));
}

/** `-x`. */
export function negate(graph: GraphBuilder, x: Value): Value {
  return unary(graph, 'Neg', x);
}

/** Where `condition` is true `a`, elsewhere `b`. */
export function select(graph: GraphBuilder, condition: Value, a: Value, b: Value): Value {
  const shape = broadcastShape(condition.shape, broadcast('SelectV2', a, b));
  if (shape === undefined) throw new RangeError(`SelectV2 with a condition of [${condition.shape.join(', ')}]`);
  return graph.add('SelectV2', [condition, a, b], { T: { type: a.type } }, { type: a.type, shape });
}

/** Converts elements; x itself when it has the type already. */
export function cast(graph: GraphBuilder, x: Value, type: DataType, after: readonly GraphNode[] = []): Value {
  if (x.type === type) return x;
  const attributes = { SrcT: { type: x.type }, DstT: { type } } as const;
  return graph.node('Cast', [x], attributes, [{ type, shape: x.shape }], 'Cast', after).outputs[0] as Value;
}

/**
 * A gradient in float32 in the type of its operand; where that was cast from float32, as a weight is for one op, it need not be
 * rounded on its way back.
 */
export function towards(graph: GraphBuilder, gradient: Value, operand: Value): Value {
  return operand.node.op === 'Cast' ? gradient : cast(graph, gradient, operand.type);
}

/** The sum of values of one shape. */
export function addAll(graph: GraphBuilder, values: readonly Value[]): Value {
  const [first, second] = values;
  if (first === undefined) throw new RangeError('the sum of nothing');
  if (second === undefined) return first;
  if (values.length === 2) return binary(graph, 'AddV2', first, second);
  const attributes = { T: { type: first.type }, N: values.length };
  return graph.add('AddN', values, attributes, { type: first.type, shape: first.shape });
}

/** The first of values, once all of them are there: one small tensor to fetch for many writes. */
export function all(graph: GraphBuilder, values: readonly Value[]): Value {
  const attributes = { T: { types: values.map((value) => value.type) } };
  return graph.node('IdentityN', values, attributes, values, 'done').outputs[0] as Value;
}
