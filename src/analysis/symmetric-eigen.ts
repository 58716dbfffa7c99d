import type { Eigen } from './tridiagonal-eigen.js';

/** Sweeps after which Jacobi's method has long converged: it does so quadratically, usually within ten. */
const mostSweeps = 50;

/**
 * Eigen decomposition of a small symmetric matrix by Jacobi's cyclic method (Golub and Van Loan, Matrix Computations,
 * section 8.5), which finds small eigenvalues as exactly as large ones.
 *
 * @param matrix [size, size]
 */
export function symmetricEigen(matrix: ArrayLike<number>, size: number): Eigen {
  const a = Array.from({ length: size }, (_, i) =>
    Float64Array.from({ length: size }, (_, j) => matrix[i * size + j] as number),
  );
  const vectors = Array.from({ length: size }, (_, i) =>
    Float64Array.from({ length: size }, (_, j) => (i === j ? 1 : 0)),
  );
  for (let sweep = 0; sweep < mostSweeps; sweep++) {
    let rotations = 0;
    for (let p = 0; p < size; p++) {
      for (let q = p + 1; q < size; q++) if (annihilate(a, vectors, p, q)) rotations++;
    }
    if (rotations === 0) break;
  }
  const value = (i: number): number => a[i]?.[i] as number;
  const order = Array.from({ length: size }, (_, i) => i).sort((i, j) => value(j) - value(i));
  return { values: Float64Array.from(order, value), vectors: order.map((i) => vectors[i] as Float64Array) };
}

/** Turns the axes p and q so that a[p][q] becomes 0; false when it is nothing but rounding already. */
function annihilate(a: readonly Float64Array[], vectors: readonly Float64Array[], p: number, q: number): boolean {
  const [rowP, rowQ] = [a[p] as Float64Array, a[q] as Float64Array];
  const [app, aqq, apq] = [rowP[p] as number, rowQ[q] as number, rowP[q] as number];
  if (Math.abs(apq) <= Number.EPSILON * Math.sqrt(Math.abs(app * aqq))) return false;
  const cotangent = (aqq - app) / (2 * apq);
  const tangent = (cotangent < 0 ? -1 : 1) / (Math.abs(cotangent) + Math.hypot(cotangent, 1));
  const cosine = 1 / Math.hypot(tangent, 1);
  const sine = tangent * cosine;
  for (const row of a) turn(row, p, row, q, cosine, sine);
  for (let k = 0; k < a.length; k++) turn(rowP, k, rowQ, k, cosine, sine);
  rowP[q] = rowQ[p] = 0;
  const [u, v] = [vectors[p] as Float64Array, vectors[q] as Float64Array];
  for (let k = 0; k < u.length; k++) turn(u, k, v, k, cosine, sine);
  return true;
}

function turn(a: Float64Array, i: number, b: Float64Array, j: number, cosine: number, sine: number): void {
  const [x, y] = [a[i] as number, b[j] as number];
  a[i] = cosine * x - sine * y;
  b[j] = sine * x + cosine * y;
}
