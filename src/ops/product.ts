import type { GraphBuilder } from './builder.js';
import { cast } from './elementwise.js';
import { matMul } from './neural.js';
import type { Value } from './types.js';

/** Fewest numbers of a row for which products with rows are no slower than TensorFlow's. */
const leastInner = 64;

/**
 * AB' of A[samples, inner] and B[rows, inner], as a dense layer's gradient is one: TensorFlow rearranges B for it, which for
 * few samples takes as long as the product; ours (src/native/kernels/row-products.h) reads it as it lies.
 */
export function rowProducts(graph: GraphBuilder, a: Value, b: Value): Value {
  const [rows, inner] = b.shape as readonly [number, number];
  if (!graph.kernels.has('ConvoyRowProducts') || a.type !== 'float32' || inner < leastInner)
    return matMul(graph, a, b, false, true);
  return graph.add('ConvoyRowProducts', [a, b], {}, { type: a.type, shape: [a.shape[0] as number, rows] }, 'MatMul');
}

/** A product A'B and where it goes. */
interface WrittenProduct {
  /** A: [samples, inputs]. */
  readonly left: Value;
  /** B: [samples, columns], in A's type or float32; multiplied in A's. */
  readonly right: Value;
  /** What each sample counts: [samples, 1], or [0, 1] where all count 1. */
  readonly shares: Value;
  /** [0, first]: the product's row that the slot begins with. */
  readonly first: Value;
  /** Fed memory, [..., columns], with as many rows as are computed. */
  readonly slot: Value;
}

/** Whether convoy has a kernel for it that is quicker than TensorFlow's. */
export function canWriteProduct(graph: GraphBuilder, { left, slot }: Pick<WrittenProduct, 'left' | 'slot'>): boolean {
  const quick = left.type === 'float32' || (left.type === 'bfloat16' && graph.kernels.has('bfloat16'));
  return quick && slot.type === 'float32' && graph.kernels.has('ConvoyProduct');
}

/** Computes rows of A'B where they go (src/native/kernels/product.h), without a copy of A's part or of the result; returns the slot. */
export function writeProduct(graph: GraphBuilder, { left, right, shares, first, slot }: WrittenProduct): Value {
  const inputs = [left, cast(graph, right, 'float32'), shares, first, slot];
  return graph.add('ConvoyProduct', inputs, { T: { type: left.type } }, slot, 'product');
}
