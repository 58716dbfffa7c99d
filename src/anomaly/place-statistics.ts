/** Mean and covariance of feature vectors, at each place of a grid. */
import type { FeatureMaps, Grid } from './contract.js';

/** Entries of the lower triangle of a symmetric matrix, row by row. */
export function triangle(size: number): number {
  return (size * (size + 1)) / 2;
}

/**
 * Sums over images in float64, updated batch by batch: Chan, Golub, LeVeque 1979. Memory does not grow with the number of images.
 */
export class PlaceStatistics {
  /** [height, width, channels]. */
  readonly mean: Float64Array;
  readonly #products: Float64Array;
  readonly #grid: Grid;
  #count = 0;

  constructor(grid: Grid) {
    this.#grid = grid;
    this.mean = new Float64Array(grid.height * grid.width * grid.channels);
    this.#products = new Float64Array(grid.height * grid.width * triangle(grid.channels));
  }

  add({ count, values }: FeatureMaps): void {
    const { height, width, channels } = this.#grid;
    const each = height * width * channels;
    const total = this.#count + count;
    const share = count / total;
    // The distance of the batch's mean from that before counts as one more image.
    const weight = Math.sqrt((this.#count * count) / total);
    const rows = count + 1;
    const differences = new Float64Array(channels * rows);
    for (let start = 0; start < each; start += channels) {
      for (let i = 0; i < channels; i++) {
        let sum = 0;
        for (let image = 0; image < count; image++) sum += values[image * each + start + i] as number;
        const mean = sum / count;
        const before = this.mean[start + i] as number;
        for (let image = 0; image < count; image++) {
          differences[i * rows + image] = (values[image * each + start + i] as number) - mean;
        }
        differences[i * rows + count] = (mean - before) * weight;
        this.mean[start + i] = before + (mean - before) * share;
      }
      addProducts(this.#products, (start / channels) * triangle(channels), differences, rows);
    }
    this.#count = total;
  }

  /**
   * Covariances with divisor count - 1, and `ridge` added to the diagonal.
   *
   * @returns [height, width, lower triangle].
   */
  covariance(ridge: number): Float64Array {
    const divisor = Math.max(1, this.#count - 1);
    const result = this.#products.map((product) => product / divisor);
    const { channels } = this.#grid;
    const size = triangle(channels);
    for (let start = 0; start < result.length; start += size) {
      for (let i = 0; i < channels; i++) {
        const diagonal = start + triangle(i + 1) - 1;
        result[diagonal] = (result[diagonal] as number) + ridge;
      }
    }
    return result;
  }
}

/** Adds the products of all pairs of rows to a lower triangle. */
function addProducts(products: Float64Array, start: number, rows: Float64Array, length: number): void {
  let at = start;
  for (let i = 0; i < rows.length; i += length) {
    for (let j = 0; j <= i; j += length) {
      // Two sums: each addition would wait for the one before it.
      let [sum, other, k] = [0, 0, 0];
      for (; k + 1 < length; k += 2) {
        sum += (rows[i + k] as number) * (rows[j + k] as number);
        other += (rows[i + k + 1] as number) * (rows[j + k + 1] as number);
      }
      if (k < length) sum += (rows[i + k] as number) * (rows[j + k] as number);
      products[at] = (products[at] as number) + sum + other;
      at++;
    }
  }
}

/**
 * Cholesky factor L with L Lᵀ = A, in place of A.
 *
 * @param matrix lower triangle of a positive definite matrix, row by row.
 */
export function cholesky(matrix: Float64Array, size: number): void {
  for (let i = 0; i < size; i++) {
    const row = triangle(i);
    for (let j = 0; j <= i; j++) {
      const other = triangle(j);
      let sum = matrix[row + j] as number;
      for (let k = 0; k < j; k++) sum -= (matrix[row + k] as number) * (matrix[other + k] as number);
      matrix[row + j] = i === j ? Math.sqrt(sum) : sum / (matrix[other + j] as number);
    }
  }
}

/**
 * Mahalanobis distance: the length of y with L y = x - mean.
 *
 * @param factor lower triangle of L.
 * @param solved [channels], overwritten with y.
 */
export function mahalanobis(
  x: Float32Array,
  mean: Float32Array,
  factor: Float32Array,
  solved = new Float64Array(x.length),
): number {
  let squares = 0;
  let at = 0;
  for (let i = 0; i < x.length; i++) {
    // Two sums: each addition would wait for the one before it.
    let sum = (x[i] as number) - (mean[i] as number);
    let other = 0;
    let k = 0;
    for (; k + 1 < i; k += 2) {
      sum -= (factor[at + k] as number) * (solved[k] as number);
      other -= (factor[at + k + 1] as number) * (solved[k + 1] as number);
    }
    if (k < i) sum -= (factor[at + k] as number) * (solved[k] as number);
    const value = (sum + other) / (factor[at + i] as number);
    at += i + 1;
    solved[i] = value;
    squares += value * value;
  }
  return Math.sqrt(squares);
}
