import type { GraphBuilder } from './builder.js';
import { integers, reshape } from './shape.js';
import type { Value } from './types.js';

/** Ops that reduce axes. */
type ReduceOp = 'Sum' | 'Mean' | 'Max' | 'Min' | 'Prod';

/** Reduces axes (all by default); with `keep` they stay with size 1. */
export function reduce(
  graph: GraphBuilder,
  op: ReduceOp,
  x: Value,
  axes: readonly number[] = x.shape.map((_, axis) => axis),
  keep = false,
): Value {
  if (axes.length === 0) return x;
  const kept = x.shape.map((size, axis) => (axes.includes(axis) ? 1 : size));
  const shape = keep ? kept : x.shape.filter((_, axis) => !axes.includes(axis));
  const attributes = { T: { type: x.type }, Tidx: { type: 'int32' }, keep_dims: keep } as const;
  return graph.add(op, [x, integers(graph, axes)], attributes, { type: x.type, shape });
}

/** Sums away what broadcasting had repeated, so that a gradient gets the shape of what was broadcast. */
export function sumTo(graph: GraphBuilder, gradient: Value, like: Value): Value {
  const missing = gradient.shape.length - like.shape.length;
  const axes = gradient.shape.flatMap((size, axis) => {
    const target = axis < missing ? 1 : (like.shape[axis - missing] as number);
    return axis < missing || (target === 1 && size !== 1) ? [axis] : [];
  });
  if (axes.length === 0) return gradient;
  return reshape(graph, reduce(graph, 'Sum', gradient, axes), like.shape);
}

/** Index of the greatest element along the last axis, int32. */
export function argMax(graph: GraphBuilder, x: Value): Value {
  const axis = graph.constant(x.shape.length - 1, 'int32');
  const attributes = { T: { type: x.type }, Tidx: { type: 'int32' }, output_type: { type: 'int32' } } as const;
  return graph.add('ArgMax', [x, axis], attributes, { type: 'int32', shape: x.shape.slice(0, -1) });
}
