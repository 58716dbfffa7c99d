/** Polygons to masks, pixel for pixel as pycocotools' `rleFrPoly`. */
import { maskError } from './mask-error.js';
import { mergeRles, type Rle } from './rle.js';

/** Steps a pixel in which the boundary is followed. */
const steps = 5;
/** Longest boundary, in pixels: far above that of any object in an image of 100 megapixels, and followed in a second. */
const longestBoundary = 10_000_000;

/** Rounded to the nearer step; cut towards 0 as a C cast does. */
const step = (coordinate: number): number => Math.trunc(steps * coordinate + 0.5);

/**
 * A polygon that has a mask.
 *
 * @param points x and y in turn.
 * @throws ConvoyError `CONVOY_DATA` for fewer than three points, an odd number of coordinates, one that is not finite,
 *   or a boundary of more than 10 million pixels.
 */
export function checkPolygon(points: readonly number[]): readonly number[] {
  if (points.length % 2 !== 0) throw maskError('polygon', 'an even number of coordinates', String(points.length));
  if (points.length < 6) {
    const count = points.length / 2;
    throw maskError('polygon', 'at least 3 points', `${count} point${count === 1 ? '' : 's'}`);
  }
  const wrong = points.find((coordinate) => !Number.isFinite(coordinate));
  if (wrong !== undefined) throw maskError('polygon', 'finite coordinates', String(wrong));
  let length = 0;
  for (let at = 0; at < points.length; at += 2) {
    const distance = (axis: number): number =>
      Math.abs((points[(at + 2 + axis) % points.length] as number) - (points[at + axis] as number));
    length += Math.max(distance(0), distance(1));
  }
  if (length > longestBoundary) {
    throw maskError('polygon', `a boundary of at most ${longestBoundary} pixels`, `one of ${Math.round(length)}`);
  }
  return points;
}

/**
 * The mask of one polygon.
 *
 * @param points x and y in turn, pixels from the left upper corner; at least three points. The last is joined to the first.
 * @throws ConvoyError `CONVOY_DATA` as `checkPolygon`.
 */
export function polygonRle(points: readonly number[], height: number, width: number): Rle {
  checkPolygon(points);
  const crossings: number[] = [];
  const boundary = new Boundary(height, width, crossings);
  const count = points.length / 2;
  const corner = (i: number): [number, number] => [step(points[i * 2] as number), step(points[i * 2 + 1] as number)];
  for (let i = 0; i < count; i++) {
    const [x, y] = corner(i);
    const [nextX, nextY] = corner((i + 1) % count);
    boundary.follow(x, y, nextX, nextY);
  }
  return { height, width, counts: runsBetween(crossings, height * width) };
}

/** The mask of an object of several polygons: their union. */
export function polygonsRle(polygons: readonly (readonly number[])[], height: number, width: number): Rle {
  if (polygons.length === 0) throw maskError('polygons', 'at least one polygon', 'none');
  return mergeRles(
    polygons.map((points) => polygonRle(points, height, width)),
    'union',
  );
}

/** Follows a boundary in steps and notes where it crosses the middle of a column: there the mask changes. */
class Boundary {
  readonly #height: number;
  readonly #width: number;
  readonly #crossings: number[];
  #x: number | undefined;
  #y = 0;

  constructor(height: number, width: number, crossings: number[]) {
    this.#height = height;
    this.#width = width;
    this.#crossings = crossings;
  }

  /** Follows an edge point by point, computed from its lower end, so that rounding does not depend on its direction. */
  follow(x: number, y: number, nextX: number, nextY: number): void {
    const [dx, dy] = [Math.abs(nextX - x), Math.abs(nextY - y)];
    const flat = dx >= dy;
    const flipped = flat ? x > nextX : y > nextY;
    const [startX, startY, endX, endY] = flipped ? [nextX, nextY, x, y] : [x, y, nextX, nextY];
    const length = Math.max(dx, dy);
    const slope = length === 0 ? 0 : (flat ? endY - startY : endX - startX) / length;
    for (let i = 0; i <= length; i++) {
      const along = flipped ? length - i : i;
      const across = Math.trunc((flat ? startY : startX) + slope * along + 0.5);
      if (flat) this.#visit(startX + along, across);
      else this.#visit(across, startY + along);
    }
  }

  #visit(x: number, y: number): void {
    const [before, beforeY] = [this.#x, this.#y];
    [this.#x, this.#y] = [x, y];
    if (before === undefined || x === before) return;
    const column = ((x < before ? x : x - 1) + 0.5) / steps - 0.5;
    if (!Number.isInteger(column) || column < 0 || column > this.#width - 1) return;
    const place = (Math.min(y, beforeY) + 0.5) / steps - 0.5;
    const row = Math.ceil(Math.min(this.#height, Math.max(0, place)));
    this.#crossings.push(column * this.#height + row);
  }
}

/** Runs between places where the mask changes; two changes at one place cancel. */
function runsBetween(places: readonly number[], pixels: number): Uint32Array {
  const sorted = Float64Array.from([...places, pixels]).sort();
  const counts: number[] = [];
  let before = 0;
  let joins = false;
  sorted.forEach((place, i) => {
    const run = place - before;
    before = place;
    if (joins) {
      counts[counts.length - 1] = (counts.at(-1) as number) + run;
      joins = false;
    } else if (run > 0 || i === 0) counts.push(run);
    else joins = true;
  });
  return Uint32Array.from(counts);
}
