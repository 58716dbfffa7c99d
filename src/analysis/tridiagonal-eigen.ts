/** Eigenvalues, falling, and their eigenvectors (`vectors[i]` belongs to `values[i]`). */
export interface Eigen {
  readonly values: Float64Array;
  readonly vectors: readonly Float64Array[];
}

/**
 * Eigen decomposition of a symmetric tridiagonal matrix by the implicit QL method (Dubrulle, Martin and Wilkinson
 * 1968; EISPACK's `imtql2`).
 *
 * @param diagonal n values.
 * @param beside the values beside them, at least n - 1: `beside[i]` joins i and i + 1.
 */
export function tridiagonalEigen(diagonal: ArrayLike<number>, beside: ArrayLike<number>): Eigen {
  const size = diagonal.length;
  const d = Float64Array.from(diagonal);
  const e = Float64Array.from({ length: size }, (_, i) => (i < size - 1 ? (beside[i] as number) : 0));
  const vectors = Array.from({ length: size }, (_, i) =>
    Float64Array.from({ length: size }, (_, j) => (i === j ? 1 : 0)),
  );
  for (let low = 0; low < size; low++) {
    for (;;) {
      const high = endOfBlock(d, e, low);
      if (high === low) break;
      sweep(d, e, vectors, low, high);
    }
  }
  const order = Array.from(d.keys()).sort((i, j) => (d[j] as number) - (d[i] as number));
  return {
    values: Float64Array.from(order, (i) => d[i] as number),
    vectors: order.map((i) => vectors[i] as Float64Array),
  };
}

/** Last index of the block that begins at `low` and is not yet split by a negligible value beside the diagonal. */
function endOfBlock(d: Float64Array, e: Float64Array, low: number): number {
  let high = low;
  while (high < d.length - 1) {
    const size = Math.abs(d[high] as number) + Math.abs(d[high + 1] as number);
    if (Math.abs(e[high] as number) <= Number.EPSILON * size) break;
    high++;
  }
  return high;
}

/** One QL step with Wilkinson's shift on the block from `low` to `high`. */
function sweep(d: Float64Array, e: Float64Array, vectors: readonly Float64Array[], low: number, high: number): void {
  const first = e[low] as number;
  const slope = ((d[low + 1] as number) - (d[low] as number)) / (2 * first);
  const root = Math.hypot(slope, 1);
  let g = (d[high] as number) - (d[low] as number) + first / (slope + (slope < 0 ? -root : root));
  let [s, c, p] = [1, 1, 0];
  for (let i = high - 1; i >= low; i--) {
    const f = s * (e[i] as number);
    const b = c * (e[i] as number);
    const r = Math.hypot(f, g);
    e[i + 1] = r;
    if (r === 0) {
      // The block has split by itself; what is left is done by the next steps.
      d[i + 1] = (d[i + 1] as number) - p;
      e[high] = 0;
      return;
    }
    s = f / r;
    c = g / r;
    g = (d[i + 1] as number) - p;
    const t = ((d[i] as number) - g) * s + 2 * c * b;
    p = s * t;
    d[i + 1] = g + p;
    g = c * t - b;
    rotate(vectors[i] as Float64Array, vectors[i + 1] as Float64Array, c, s);
  }
  d[low] = (d[low] as number) - p;
  e[low] = g;
  e[high] = 0;
}

function rotate(a: Float64Array, b: Float64Array, c: number, s: number): void {
  for (let k = 0; k < a.length; k++) {
    const [x, y] = [a[k] as number, b[k] as number];
    a[k] = c * x - s * y;
    b[k] = s * x + c * y;
  }
}
