/** Maps of scores: resized, smoothed, reduced to one number. Pure functions. */
import type { Size } from './contract.js';

/**
 * A map at another size, bilinear between the middles of pixels; the border goes on outside. As PyTorch's `interpolate` with
 * `align_corners=False`.
 *
 * @param map [height, width] of `from`.
 * @returns [height, width] of `to`.
 */
export function resizeMap(map: Float64Array, from: Size, to: Size): Float64Array {
  const rows = places(from.height, to.height);
  const columns = places(from.width, to.width);
  const result = new Float64Array(to.height * to.width);
  for (const [y, { low: top, high: bottom, share: dy }] of rows.entries()) {
    for (const [x, { low: left, high: right, share: dx }] of columns.entries()) {
      const at = (row: number, column: number): number => map[row * from.width + column] as number;
      const upper = at(top, left) * (1 - dx) + at(top, right) * dx;
      const lower = at(bottom, left) * (1 - dx) + at(bottom, right) * dx;
      result[y * to.width + x] = upper * (1 - dy) + lower * dy;
    }
  }
  return result;
}

/** For each place of the new size: its two neighbours of the old size, and the share of the second. */
function places(from: number, to: number): { readonly low: number; readonly high: number; readonly share: number }[] {
  return Array.from({ length: to }, (_, place) => {
    const middle = Math.max(0, ((place + 0.5) * from) / to - 0.5);
    const low = Math.min(from - 1, Math.floor(middle));
    return { low, high: Math.min(from - 1, low + 1), share: middle - low };
  });
}

/** Standard deviations at which the Gaussian ends: SciPy's default. */
const truncate = 4;

/**
 * Gaussian smoothing. As SciPy's `gaussian_filter`: the kernel ends after 4 standard deviations, edges are mirrored with the pixel
 * at the edge.
 *
 * @param sigma standard deviation in pixels; 0 changes nothing.
 */
export function smoothMap(map: Float64Array, { height, width }: Size, sigma: number): Float64Array {
  const reach = Math.floor(truncate * sigma + 0.5);
  if (reach === 0) return map.slice();
  const bell = Array.from({ length: 2 * reach + 1 }, (_, i) => Math.exp(-0.5 * ((i - reach) / sigma) ** 2));
  const sum = bell.reduce((total, weight) => total + weight, 0);
  const weights = bell.map((weight) => weight / sum);
  return smoothAlong(smoothAlong(map, weights, height, width), weights, width, 1);
}

/** Weighted means along an axis of `length` elements that lie `stride` apart. */
function smoothAlong(map: Float64Array, weights: readonly number[], length: number, stride: number): Float64Array {
  const reach = (weights.length - 1) / 2;
  return map.map((_, at) => {
    const place = Math.floor(at / stride) % length;
    const start = at - place * stride;
    let sum = 0;
    for (const [i, weight] of weights.entries()) {
      const beyond = (((place + i - reach) % (2 * length)) + 2 * length) % (2 * length);
      const inside = beyond < length ? beyond : 2 * length - 1 - beyond;
      sum += weight * (map[start + inside * stride] as number);
    }
    return sum;
  });
}

/** The largest value. */
export function maximum(values: ArrayLike<number>): number {
  let most = Number.NEGATIVE_INFINITY;
  for (let i = 0; i < values.length; i++) most = Math.max(most, values[i] as number);
  return most;
}

/** A quantile, linear between the values beside it: NumPy's default. */
export function quantile(values: ArrayLike<number>, share: number): number {
  const sorted = Float64Array.from(values).sort();
  const place = share * (sorted.length - 1);
  const low = Math.floor(place);
  const below = sorted[low] as number;
  return below + (place - low) * ((sorted[Math.min(sorted.length - 1, low + 1)] as number) - below);
}
