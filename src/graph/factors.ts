import {
  all,
  binary,
  bitcast,
  canWriteProduct,
  cast,
  elementBytes,
  type GraphBuilder,
  integers,
  matMul,
  reshape,
  sliceAt,
  type Value,
  writeProduct,
} from '../ops/index.js';
import type { CompiledFunction, Placeholders } from './feeds.js';
import type { PiecewiseProduct } from './gradient-writes.js';

/** How shards work together on the gradients of large dense kernels. */
export interface Exchange {
  readonly shards: number;
  /** Samples a shard can have. */
  readonly rows: number;
}

/**
 * The gradient A'B of a dense kernel, computed for all shards at once from what they left in shared memory: A and B,
 * the inputs of the layer and the gradients of its outputs. Of K samples these are K (inputs + outputs) numbers, where
 * each shard would have written, and the all-reduce read, inputs x outputs. Exchanging them instead is called
 * sufficient factor broadcasting (Xie, Kim, Zhou, Ho, Kumar, Yu, Xing: "Lighter-Communication Distributed Machine
 * Learning via Sufficient Factor Broadcasting", 2016).
 */
export interface ProductSpec {
  /** Place among `modelParameters(model)`. */
  readonly index: number;
  readonly inputs: number;
  readonly outputs: number;
  /** Words of 32 bits of one sample's inputs. */
  readonly words: number;
  /** Floats of the gradient that one call computes: whole rows, a multiple of 16 that divides all of them. */
  readonly unit: number;
  readonly call: CompiledFunction;
}

const alignment = 64;

/** Ops whose output is their input's memory. */
const views: ReadonlySet<string> = new Set(['Bitcast', 'Reshape']);

/** What a value is a view of. */
function unchanged(value: Value): Value {
  return views.has(value.node.op) ? unchanged(value.node.inputs[0] as Value) : value;
}

/** What to do for a gradient whose factors are exchanged. */
interface Factored {
  /** Leaves a shard's factors in its slots. */
  readonly writes: readonly Value[];
  readonly product: Product;
}

/** A product in the making. */
export interface Product {
  readonly spec: Omit<ProductSpec, 'call'>;
  /** What to fetch to have it computed. */
  readonly result: Value;
}

/**
 * Has shards leave the factors of a gradient and compiles the function that multiplies them; undefined where that moves
 * no less memory, or where slots could not be aligned.
 */
export function factored(
  graph: GraphBuilder,
  feeds: Placeholders,
  { index, name }: { readonly index: number; readonly name: string },
  { pieces, rows, columns, left, right }: PiecewiseProduct,
  exchange: Exchange,
): Factored | undefined {
  const inputs = pieces * rows;
  const type = left.type;
  if (type !== 'float32' && type !== 'bfloat16') return undefined;
  const rowBytes = [inputs * elementBytes[type], columns * 4];
  if ([...rowBytes, rows * columns * 4].some((size) => size % alignment !== 0)) return undefined;
  const exchanged = exchange.shards * exchange.rows * rowBytes.reduce((sum, size) => sum + size, 0);
  // Factors and gradients are each written once and read once.
  if (2 * exchanged > exchange.shards * inputs * columns * 4) return undefined;

  const words = (rowBytes[0] as number) / 4;
  const leave = (role: 'inputFactor' | 'gradientFactor', value: Value): Value => {
    const words = value.shape[1] as number;
    const slot = graph.placeholder(`${role}s/${name}`, value.type, [1, -1, words]);
    const written = feeds.put(
      feeds.add(slot, { role, index }),
      integers(graph, [0]),
      reshape(graph, value, [1, -1, words]),
    );
    const source = unchanged(value);
    graph.copied(source.node, {
      memory: reshape(graph, bitcast(graph, slot, source.type), source.shape),
      write: written.node,
    });
    return written;
  };
  const writes = [
    leave('inputFactor', bitcast(graph, left, 'int32')),
    leave('gradientFactor', cast(graph, right, 'float32')),
  ];

  const result = graph.scope(`products/${name}`, () => {
    const whole = (role: 'inputFactors' | 'gradientFactors', type: 'int32' | 'float32', width: number): Value =>
      feeds.add(graph.placeholder(role, type, [-1, width]), { role, index });
    const a = bitcast(graph, whole('inputFactors', 'int32', words), type);
    const b = whole('gradientFactors', 'float32', columns);
    const shares = feeds.add(graph.placeholder('shares', 'float32', [-1, 1]), { role: 'rowShares', index });
    const first = feeds.add(graph.placeholder('first', 'int32', [2]), { role: 'firstRow', index });
    const slot = feeds.add(graph.placeholder('part', 'float32', [1, rows, columns]), { role: 'product', index });
    const product = { left: a, right: b, shares, first, slot };
    if (canWriteProduct(graph, product)) return all(graph, [first, writeProduct(graph, product)]);
    const weighted = cast(graph, binary(graph, 'Mul', b, shares), type);
    const own = matMul(graph, sliceAt(graph, a, first, [-1, rows]), weighted, true, false);
    const value = reshape(graph, cast(graph, own, 'float32'), [1, rows, columns]);
    return all(graph, [first, feeds.put(slot, integers(graph, [0]), value)]);
  });
  // One piece, whoever computes: how blocks are cut, and so the bits of norms, must not follow the number of workers.
  const unit = rows * columns;
  return { writes, product: { spec: { index, inputs, outputs: columns, words, unit }, result } };
}
