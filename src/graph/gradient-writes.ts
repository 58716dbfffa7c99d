import { cast, type GraphBuilder, type GraphNode, integers, matMul, reshape, type Value } from '../ops/index.js';

/** Half of a common second-level cache: a piece is still there when it is copied to its slot. */
const pieceBytes = 1 << 20;

/** A large product A'B that is computed and written piece by piece. */
export interface PiecewiseProduct {
  readonly pieces: number;
  /** [rows / pieces, columns]: a piece of the product. */
  readonly rows: number;
  readonly columns: number;
  /** A: [samples, pieces * rows]. */
  readonly left: Value;
  /** B: [samples, columns]. */
  readonly right: Value;
  /** Writes the product into a slot of [pieces, rows, columns] by a function that writes one piece there. */
  write(update: (index: Value, piece: Value) => Value): Value;
}

/**
 * Takes a value apart that is a large product A'B of a batch's inputs and gradients, as the gradient of a dense layer's
 * kernel is. Each piece is computed only when the one before is written, so that all go through the same part of the
 * cache, and the whole never goes through main memory on its way to its slot.
 */
export function piecewise(graph: GraphBuilder, value: Value): PiecewiseProduct | undefined {
  const product = value.node.op === 'Cast' ? (value.node.inputs[0] as Value) : value;
  const { op, attributes, inputs } = product.node;
  if (op !== 'MatMul' || attributes['transpose_a'] !== true || attributes['transpose_b'] === true) return undefined;
  const [a, b] = inputs as readonly [Value, Value];
  const [height, columns] = product.shape as readonly [number, number];
  let pieces = 1;
  while ((height / pieces) * columns * 4 > pieceBytes && (height / pieces) % 2 === 0) pieces *= 2;
  if (pieces < 4) return undefined;
  const rows = height / pieces;
  return {
    pieces,
    rows,
    columns,
    left: a,
    right: b,
    write(update) {
      const part = { type: a.type, shape: [a.shape[0] as number, rows] } as const;
      const parts = graph.node(
        'Split',
        [graph.constant(1, 'int32'), a],
        { T: { type: a.type }, num_split: pieces },
        Array.from({ length: pieces }, () => part),
      ).outputs;
      let written: Value | undefined;
      for (const [index, left] of parts.entries()) {
        const after: GraphNode[] = written === undefined ? [] : [written.node];
        const own = matMul(graph, left, b, true, false, after);
        written = update(integers(graph, [index]), reshape(graph, cast(graph, own, 'float32'), [1, rows, columns]));
      }
      return written as Value;
    },
  };
}
