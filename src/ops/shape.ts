import type { GraphBuilder } from './builder.js';
import type { Shape, Value } from './types.js';

/** A constant list of int32, for shapes, axes and paddings. */
export function integers(graph: GraphBuilder, values: readonly number[], shape: Shape = [values.length]): Value {
  return graph.constant(values, 'int32', shape, 'sizes');
}

/** Sizes of a value's axes, known when the graph runs; a constant when no axis is free. */
export function shapeOf(graph: GraphBuilder, x: Value): Value {
  if (!x.shape.includes(-1)) return integers(graph, x.shape);
  const attributes = { T: { type: x.type }, out_type: { type: 'int32' } } as const;
  return graph.add('Shape', [x], attributes, { type: 'int32', shape: [x.shape.length] });
}

/** The size of the free first axis as an int32 scalar. */
export function batchSize(graph: GraphBuilder, x: Value): Value {
  const [first] = x.shape;
  if (first !== undefined && first >= 0) return graph.constant(first, 'int32');
  return at(graph, shapeOf(graph, x), 0);
}

/** One element of a one-dimensional value. */
export function at(graph: GraphBuilder, x: Value, index: number): Value {
  const attributes = { T: { type: x.type }, Index: { type: 'int32' }, shrink_axis_mask: 1 } as const;
  const [begin, end, step] = [integers(graph, [index]), integers(graph, [index + 1]), integers(graph, [1])];
  return graph.add('StridedSlice', [x, begin, end, step], attributes, { type: x.type, shape: [] });
}

/** The same elements under another shape, at most one axis of it free; x itself when it has that shape. */
export function reshape(graph: GraphBuilder, x: Value, shape: Shape): Value {
  if (shape.length === x.shape.length && shape.every((size, axis) => size === x.shape[axis])) return x;
  if (shape.filter((size) => size < 0).length > 1) throw new RangeError(`reshape to [${shape.join(', ')}]`);
  return reshapeTo(graph, x, integers(graph, shape), shape);
}

/** The same elements under a shape computed when the graph runs; `shape` is what is known of it. */
export function reshapeTo(graph: GraphBuilder, x: Value, sizes: Value, shape: Shape): Value {
  const attributes = { T: { type: x.type }, Tshape: { type: 'int32' } } as const;
  return graph.add('Reshape', [x, sizes], attributes, { type: x.type, shape });
}

/** Repeats elements along axes of size 1 (or missing ones) until the sizes fit; `shape` is what is known of them. */
export function broadcastTo(graph: GraphBuilder, x: Value, sizes: Value, shape: Shape): Value {
  const attributes = { T: { type: x.type }, Tidx: { type: 'int32' } } as const;
  return graph.add('BroadcastTo', [x, sizes], attributes, { type: x.type, shape });
}

/** Axis i of the result is axis `order[i]` of x; x itself when nothing moves. */
export function transpose(graph: GraphBuilder, x: Value, order: readonly number[]): Value {
  if (order.every((axis, place) => axis === place)) return x;
  const attributes = { T: { type: x.type }, Tperm: { type: 'int32' } } as const;
  const shape = order.map((axis) => x.shape[axis] as number);
  return graph.add('Transpose', [x, integers(graph, order)], attributes, { type: x.type, shape });
}

/** Joins values along an axis. */
export function concatenate(graph: GraphBuilder, values: readonly Value[], axis: number): Value {
  const first = values[0] as Value;
  if (values.length === 1) return first;
  const sizes = values.map((value) => value.shape[axis] as number);
  const size = sizes.includes(-1) ? -1 : sizes.reduce((sum, part) => sum + part, 0);
  const attributes = { T: { type: first.type }, N: values.length, Tidx: { type: 'int32' } } as const;
  const shape = first.shape.map((old, place) => (place === axis ? size : old));
  return graph.add('ConcatV2', [...values, graph.constant(axis, 'int32')], attributes, { type: first.type, shape });
}

/** A block of x: from `begin`, of `size` elements an axis, -1 for all that remain. */
export function slice(graph: GraphBuilder, x: Value, begin: readonly number[], size: readonly number[]): Value {
  const attributes = { T: { type: x.type }, Index: { type: 'int32' } } as const;
  const shape = size.map((part, axis) => {
    const whole = x.shape[axis] as number;
    return part >= 0 || whole < 0 ? part : whole - (begin[axis] as number);
  });
  if (shape.every((part, axis) => part === x.shape[axis])) return x;
  return graph.add('Slice', [x, integers(graph, begin), integers(graph, size)], attributes, { type: x.type, shape });
}

/** A block of x from where `begin` says when the graph runs, of `size` elements an axis, -1 for all that remain. */
export function sliceAt(graph: GraphBuilder, x: Value, begin: Value, size: Shape): Value {
  const attributes = { T: { type: x.type }, Index: { type: 'int32' } } as const;
  return graph.add('Slice', [x, begin, integers(graph, size)], attributes, { type: x.type, shape: size });
}

/** Surrounds x with zeros: `paddings[axis]` is [before, after]. */
export function pad(graph: GraphBuilder, x: Value, paddings: readonly (readonly [number, number])[]): Value {
  if (paddings.every(([before, after]) => before === 0 && after === 0)) return x;
  const attributes = { T: { type: x.type }, Tpaddings: { type: 'int32' } } as const;
  const shape = x.shape.map((size, axis) => {
    const [before, after] = paddings[axis] as readonly [number, number];
    return size < 0 ? size : size + before + after;
  });
  const table = integers(graph, paddings.flat(), [paddings.length, 2]);
  return graph.add('Pad', [x, table], attributes, { type: x.type, shape });
}

/** Mirrors x along axes. */
export function reverse(graph: GraphBuilder, x: Value, axes: readonly number[]): Value {
  const attributes = { T: { type: x.type }, Tidx: { type: 'int32' } } as const;
  return graph.add('ReverseV2', [x, integers(graph, axes)], attributes, { type: x.type, shape: x.shape });
}

/** Stacks scalars to a vector. */
export function pack(graph: GraphBuilder, scalars: readonly Value[]): Value {
  const type = (scalars[0] as Value).type;
  const attributes = { T: { type }, N: scalars.length, axis: 0 };
  return graph.add('Pack', scalars, attributes, { type, shape: [scalars.length] });
}

/** The shape [size of x's first axis, ...rest]. */
export function shapeWith(graph: GraphBuilder, x: Value, rest: readonly number[]): Value {
  const first = slice(graph, shapeOf(graph, x), [0], [1]);
  return concatenate(graph, [first, integers(graph, rest)], 0);
}

/** Moves an axis to the end, runs `lower` and moves it back. */
export function withLast(graph: GraphBuilder, x: Value, axis: number, lower: (x: Value) => Value): Value {
  const rank = x.shape.length;
  const order = [...x.shape.keys()].filter((place) => place !== axis).concat(axis);
  if (axis === rank - 1) return lower(x);
  return transpose(
    graph,
    lower(transpose(graph, x, order)),
    [...order.keys()].map((place) => order.indexOf(place)),
  );
}
