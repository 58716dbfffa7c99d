import { valueError } from '../base/errors.js';
import { RandomStream } from '../base/random.js';
import { tridiagonalEigen } from './tridiagonal-eigen.js';

/** Points of a space, one behind the other. */
export interface Points {
  /** [count, dimensions] */
  readonly values: ArrayLike<number>;
  readonly count: number;
  readonly dimensions: number;
}

/** A principal component analysis. */
export interface Pca {
  /** [count, components]: the points in the new axes. */
  readonly projection: Float64Array;
  /** Each a unit vector of `dimensions`; its element of largest size is positive, as in scikit-learn. */
  readonly axes: readonly Float64Array[];
  readonly mean: Float64Array;
  /** Variance along each axis (divided by count - 1), falling. */
  readonly explainedVariance: Float64Array;
  /** Share of the total variance along each axis. */
  readonly explainedVarianceRatio: Float64Array;
}

/** Residual of an eigenvector by the largest eigenvalue at which it is good. */
const tolerance = 1e-10;
/** A direction shorter than this part of the largest is nothing but rounding. */
const negligible = 1e-12;

/**
 * Principal component analysis. The axes are found by the Lanczos method with full reorthogonalisation (Golub and Van
 * Loan, Matrix Computations, chapter 10), which needs products with the covariance only and never the matrix itself.
 *
 * @throws ConvoyError `CONVOY_OPTION` when there are fewer than 2 points or more components than axes.
 */
export function pca(points: Points, components = 2): Pca {
  const { count, dimensions } = points;
  if (count < 2) throw valueError('points', '2 points or more', count);
  const most = Math.min(count, dimensions);
  if (!Number.isInteger(components) || components < 1 || components > most) {
    throw valueError('components', `an integer from 1 to ${most}`, components);
  }
  const { rows, mean } = centred(points);
  const total = rows.reduce((sum, row) => sum + dot(row, row), 0) / (count - 1);
  const { values, axes: found } = principalAxes(rows, components, most);
  const axes = found.map(withPositivePeak);
  return {
    projection: Float64Array.from(rows.flatMap((row) => axes.map((axis) => dot(row, axis)))),
    axes,
    mean,
    explainedVariance: values,
    explainedVarianceRatio: values.map((value) => (total === 0 ? 0 : value / total)),
  };
}

function principalAxes(
  rows: readonly Float64Array[],
  components: number,
  most: number,
): { values: Float64Array; axes: Float64Array[] } {
  const dimensions = (rows[0] as Float64Array).length;
  const stream = new RandomStream(0, 'initialize', dimensions);
  const basis: Float64Array[] = [];
  const diagonal: number[] = [];
  const beside: number[] = [];
  let next = freshDirection(basis, dimensions, stream);
  let check = Math.min(most, 2 * components + 20);
  for (;;) {
    basis.push(next);
    const image = timesCovariance(rows, next);
    diagonal.push(dot(image, next));
    orthogonalize(image, basis);
    const length = Math.sqrt(dot(image, image));
    const vanished = length <= negligible * Math.max(...diagonal, 0);
    beside.push(vanished ? 0 : length);
    const full = basis.length === most;
    if (full || (!vanished && basis.length >= check)) {
      check = Math.min(most, Math.ceil(basis.length * 1.5));
      const { values, vectors } = tridiagonalEigen(diagonal, beside);
      const wanted = vectors.slice(0, components);
      const bound = tolerance * (values[0] as number);
      if (full || wanted.every((weights) => length * Math.abs(weights.at(-1) as number) <= bound)) {
        return { values: values.slice(0, components), axes: wanted.map((weights) => combine(basis, weights)) };
      }
    }
    next = vanished ? freshDirection(basis, dimensions, stream) : image.map((value) => value / length);
  }
}

/** A random unit vector at right angles to those of the basis: the start, or a new one when their space is complete. */
function freshDirection(basis: readonly Float64Array[], dimensions: number, stream: RandomStream): Float64Array {
  const vector = Float64Array.from({ length: dimensions }, () => stream.normal());
  orthogonalize(vector, basis);
  const length = Math.sqrt(dot(vector, vector));
  return vector.map((value) => value / length);
}

/** Gram-Schmidt, twice, which is enough for full precision (Giraud et al. 2005). */
function orthogonalize(vector: Float64Array, basis: readonly Float64Array[]): void {
  for (let pass = 0; pass < 2; pass++) {
    for (const other of basis) add(vector, other, -dot(vector, other));
  }
}

function centred({ values, count, dimensions }: Points): { rows: Float64Array[]; mean: Float64Array } {
  const mean = new Float64Array(dimensions);
  const rows = Array.from({ length: count }, (_, i) =>
    Float64Array.from({ length: dimensions }, (_, j) => values[i * dimensions + j] as number),
  );
  for (const row of rows) add(mean, row, 1);
  for (let j = 0; j < dimensions; j++) mean[j] = (mean[j] as number) / count;
  for (const row of rows) add(row, mean, -1);
  return { rows, mean };
}

function dot(a: Float64Array, b: Float64Array): number {
  let sum = 0;
  for (let i = 0; i < a.length; i++) sum += (a[i] as number) * (b[i] as number);
  return sum;
}

/** target += factor * other */
function add(target: Float64Array, other: Float64Array, factor: number): void {
  for (let i = 0; i < target.length; i++) target[i] = (target[i] as number) + factor * (other[i] as number);
}

function combine(vectors: readonly Float64Array[], weights: Float64Array): Float64Array {
  const result = new Float64Array((vectors[0] as Float64Array).length);
  vectors.forEach((vector, i) => add(result, vector, weights[i] as number));
  return result;
}

/** X'X v / (n - 1) without making the covariance matrix, which would be large for large spaces. */
function timesCovariance(rows: readonly Float64Array[], vector: Float64Array): Float64Array {
  const result = new Float64Array(vector.length);
  for (const row of rows) add(result, row, dot(row, vector) / (rows.length - 1));
  return result;
}

function withPositivePeak(axis: Float64Array): Float64Array {
  const peak = axis.reduce((most, value) => (Math.abs(value) > Math.abs(most) ? value : most), 0);
  return peak < 0 ? axis.map((value) => -value) : axis;
}
