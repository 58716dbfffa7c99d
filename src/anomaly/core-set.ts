/** Few points that stand for many. */
import { RandomStream } from '../base/random.js';

/** Points, [count, dimensions]. */
export interface PointList {
  readonly values: Float32Array;
  readonly count: number;
  readonly dimensions: number;
}

/**
 * Greedy k-center: each further point is the one farthest from all before it, the first such where several are. Gonzalez 1985.
 *
 * @param wanted points to choose, at most all.
 * @param first the point that is chosen first.
 * @returns places of the points, in the order of their choice.
 */
export function kCenter({ values, count, dimensions }: PointList, wanted: number, first = 0): Uint32Array {
  const chosen = new Uint32Array(Math.min(wanted, count));
  const nearest = new Float64Array(count).fill(Number.POSITIVE_INFINITY);
  let next = first;
  for (let k = 0; k < chosen.length; k++) {
    chosen[k] = next;
    const center = values.subarray(next * dimensions, (next + 1) * dimensions);
    next = 0;
    for (let point = 0; point < count; point++) {
      const squares = squaredDistance(values, point * dimensions, center, nearest[point] as number);
      if (squares < (nearest[point] as number)) nearest[point] = squares;
      if ((nearest[point] as number) > (nearest[next] as number)) next = point;
    }
  }
  return chosen;
}

/** Dimensions between which a distance is compared with the limit. */
const stretch = 16;

/**
 * Squared Euclidean distance of a point from another.
 *
 * @param start of the point in `values`.
 * @param limit beyond it any number above the limit may be returned.
 */
export function squaredDistance(
  values: Float32Array,
  start: number,
  other: Float32Array,
  limit = Number.POSITIVE_INFINITY,
): number {
  const { length } = other;
  let sum = 0;
  for (let i = 0; i < length && sum <= limit; ) {
    const end = Math.min(length, i + stretch);
    for (; i < end; i++) {
      const difference = (values[start + i] as number) - (other[i] as number);
      sum += difference * difference;
    }
  }
  return sum;
}

/**
 * Points in fewer dimensions whose distances are nearly the same: a random Gaussian matrix (Johnson and Lindenstrauss 1984). Points of
 * no more dimensions than that stay as they are.
 */
export function randomProjection(points: PointList, dimensions: number, seed: number): PointList {
  if (points.dimensions <= dimensions) return points;
  const random = new RandomStream(seed, 'draw', points.dimensions, dimensions);
  const scale = 1 / Math.sqrt(dimensions);
  const matrix = Float32Array.from({ length: points.dimensions * dimensions }, () => random.normal() * scale);
  const values = new Float32Array(points.count * dimensions);
  const sums = new Float64Array(dimensions);
  for (let point = 0; point < points.count; point++) {
    sums.fill(0);
    for (let i = 0; i < points.dimensions; i++) {
      const value = points.values[point * points.dimensions + i] as number;
      for (let j = 0; j < dimensions; j++) {
        sums[j] = (sums[j] as number) + value * (matrix[i * dimensions + j] as number);
      }
    }
    values.set(sums, point * dimensions);
  }
  return { values, count: points.count, dimensions };
}
