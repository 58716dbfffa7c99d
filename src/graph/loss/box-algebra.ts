import type { LossAlgebra } from '../../losses/spec/index.js';
import {
  batchMatMul,
  cast,
  compare,
  type GraphBuilder,
  integers,
  negate,
  reduce,
  reshape,
  scalarOf,
  slice,
  unary,
  type Value,
} from '../../ops/index.js';

type BoxOperations = Pick<
  LossAlgebra<Value>,
  | ('greater' | 'arctangent' | 'constantOf' | 'shaped' | 'part' | 'numbers')
  | ('sumAlong' | 'greatestAlong' | 'ranked' | 'places' | 'rowProducts')
>;

/** The operations of detectors' losses as nodes of a graph. */
export function graphBoxAlgebra(graph: GraphBuilder): BoxOperations {
  const constantOf = (a: Value): Value => unary(graph, 'StopGradient', a);
  return {
    greater: (a, b) => {
      const other = typeof b === 'number' ? scalarOf(graph, a, b) : b;
      return cast(graph, compare(graph, 'Greater', a, other), a.type);
    },
    arctangent: (a) => unary(graph, 'Atan', a),
    constantOf,
    shaped: (a, shape) => reshape(graph, a, shape),
    part: (a, begin, size) => slice(graph, a, lastOf(a, begin), lastOf(a, size, -1)),
    numbers: (values, shape) => graph.constant([...Array.from(values)], 'float32', shape),
    sumAlong: (a, axis) => reduce(graph, 'Sum', a, [axis], true),
    greatestAlong: (a, axis) => reduce(graph, 'Max', a, [axis], true),
    ranked: (a, k) => {
      const { values } = greatest(graph, constantOf(a), k);
      return slice(graph, values, lastOf(values, k - 1), lastOf(values, 1, -1));
    },
    places: (a) => {
      const length = a.shape.at(-1) as number;
      const { indices } = greatest(graph, constantOf(a), length);
      // The places of 0, 1, 2, ... among the indices are those of the numbers.
      return cast(graph, greatest(graph, negate(graph, cast(graph, indices, a.type)), length).indices, a.type);
    },
    rowProducts: (a, b) => batchMatMul(graph, constantOf(a), constantOf(b), false, true),
  };
}

/** A number for the last axis of a value, another for those before. */
function lastOf(a: Value, last: number, before = 0): number[] {
  return a.shape.map((_, axis) => (axis === a.shape.length - 1 ? last : before));
}

/** The k greatest numbers of the last axis, falling, and where they are; of equals the first is before. */
function greatest(graph: GraphBuilder, a: Value, k: number): { readonly values: Value; readonly indices: Value } {
  const shape = lastOf(a, k).map((size, axis) => (axis === a.shape.length - 1 ? size : (a.shape[axis] as number)));
  const outputs = [
    { type: a.type, shape },
    { type: 'int32', shape },
  ] as const;
  const attributes = {
    T: { type: a.type },
    Tk: { type: 'int32' },
    index_type: { type: 'int32' },
    sorted: true,
  } as const;
  const [values, indices] = graph.node('TopKV2', [a, integers(graph, [k], [])], attributes, outputs).outputs;
  return { values: values as Value, indices: indices as Value };
}
