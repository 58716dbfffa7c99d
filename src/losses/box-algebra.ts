/** Operations of losses on tensors of several axes, which broadcast as in NumPy; the samples' axis is the first. */
export interface BoxAlgebra<Value> {
  /** 1 where a > b, else 0. Without gradient. */
  greater(a: Value, b: Value | number): Value;
  arctangent(a: Value): Value;
  /** The same numbers, through which no gradient flows. */
  constantOf(a: Value): Value;
  /** The same numbers under another shape, its first size -1. */
  shaped(a: Value, shape: readonly number[]): Value;
  /** Some numbers of the last axis. */
  part(a: Value, begin: number, size: number): Value;
  /** Given numbers in row order. */
  numbers(values: ArrayLike<number>, shape: readonly number[]): Value;
  /** Sum over an axis, which stays with size 1. */
  sumAlong(a: Value, axis: number): Value;
  /** Greatest number along an axis, which stays with size 1. */
  greatestAlong(a: Value, axis: number): Value;
  /** The k-th greatest number of the last axis, which stays with size 1. Without gradient. */
  ranked(a: Value, k: number): Value;
  /** Place of each number among those of the last axis by falling size, from 0; of equals the first is before. Without gradient. */
  places(a: Value): Value;
  /** Matrix product of [B,n,k] and [B,m,k], both by rows: [B,n,m]. Without gradient. */
  rowProducts(a: Value, b: Value): Value;
}
