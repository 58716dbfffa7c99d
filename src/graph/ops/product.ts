import type { GraphBuilder } from '../builder.js';
import type { Value } from '../types.js';

/** A product A'B and where it goes. */
export interface WrittenProduct {
  /** A: [samples, inputs]. */
  readonly left: Value;
  /** B: [samples, columns]. */
  readonly right: Value;
  /** What each sample counts: [samples, 1], or [0, 1] where all count 1. */
  readonly shares: Value;
  /** [0, first]: the product's row that the slot begins with. */
  readonly first: Value;
  /** Fed memory, [..., columns], with as many rows as are computed. */
  readonly slot: Value;
}

/** Whether there is a kernel of our own for it: float32. */
export function canWriteProduct(graph: GraphBuilder, { left, right, slot }: Pick<WrittenProduct, 'left' | 'right' | 'slot'>): boolean {
  return graph.kernels.has('ConvoyProduct') && [left, right, slot].every(({ type }) => type === 'float32');
}

/** Computes rows of A'B where they go (src/native/kernels/product.h), without a copy of A's part or of the result; returns the slot. */
export function writeProduct(graph: GraphBuilder, { left, right, shares, first, slot }: WrittenProduct): Value {
  return graph.add('ConvoyProduct', [left, right, shares, first, slot], {}, slot, 'product');
}
