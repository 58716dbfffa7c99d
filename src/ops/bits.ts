import type { GraphBuilder } from './builder.js';
import { reshape } from './shape.js';
import type { DataType, Value } from './types.js';

/** Bytes of an element. */
export const elementBytes: Readonly<Record<DataType, number>> = {
  bool: 1,
  uint8: 1,
  int16: 2,
  bfloat16: 2,
  int32: 4,
  float32: 4,
  int64: 8,
  complex64: 8,
};

/**
 * The same bits as another type. Of a wider one, neighbours on the last axis become one element, of a narrower one each
 * element becomes neighbours; nothing is copied.
 */
export function bitcast(graph: GraphBuilder, x: Value, type: DataType): Value {
  if (x.type === type) return x;
  const attributes = { T: { type: x.type }, type: { type } } as const;
  const [from, to] = [elementBytes[x.type], elementBytes[type]];
  const outer = x.shape.slice(0, -1);
  const last = x.shape.at(-1) as number;
  if (from === to) return graph.add('Bitcast', [x], attributes, { type, shape: x.shape });
  if (from < to) {
    const many = to / from;
    if (last < 0 || last % many !== 0) throw new RangeError(`${last} elements of ${x.type} are no whole ${type}`);
    const shape = [...outer, last / many];
    return graph.add('Bitcast', [reshape(graph, x, [...shape, many])], attributes, { type, shape });
  }
  const many = from / to;
  const parts = graph.add('Bitcast', [x], attributes, { type, shape: [...x.shape, many] });
  return reshape(graph, parts, [...outer, last * many]);
}
