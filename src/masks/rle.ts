/**
 * Run-length encoding of masks as COCO has it: lengths of runs of 0 and 1 in turn, beginning with 0, down the columns from
 * the left. Answers are those of pycocotools (`maskApi`).
 */
import { maskError } from './mask-error.js';

/** A mask of one object, encoded. */
export interface Rle {
  readonly height: number;
  readonly width: number;
  /** Pixels of each run, 0 and 1 in turn; the first may be empty. They sum to height x width. */
  readonly counts: Uint32Array;
}

/** A mask, [height, width], row by row: 0 outside, any other value inside. */
export interface Mask {
  readonly height: number;
  readonly width: number;
  readonly data: Uint8Array;
}

/** Encodes a mask. */
export function encodeMask({ height, width, data }: Mask): Rle {
  const counts: number[] = [];
  let inside = false;
  let run = 0;
  for (let column = 0; column < width; column++) {
    for (let row = 0; row < height; row++) {
      if ((data[row * width + column] !== 0) !== inside) {
        counts.push(run);
        run = 0;
        inside = !inside;
      }
      run++;
    }
  }
  counts.push(run);
  return { height, width, counts: Uint32Array.from(counts) };
}

/** The mask of an encoding, of 0 and 1. */
export function decodeRle(rle: Rle): Mask {
  const { height, width } = rle;
  const data = new Uint8Array(height * width);
  paintRle(rle, data, 1);
  return { height, width, data };
}

/**
 * Writes a value into the pixels of a mask.
 *
 * @param into [height, width], row by row; changed in place.
 */
export function paintRle(rle: Rle, into: Uint8Array, value: number): void {
  const { height, width } = rle;
  eachRun(rle, (start, end) => {
    for (let at = start; at < end; at++) into[(at % height) * width + Math.floor(at / height)] = value;
  });
}

/** Runs of 1, from `start` up to and without `end`, counted down the columns; empty ones are left out. */
function eachRun({ counts }: Rle, visit: (start: number, end: number) => void): void {
  let at = 0;
  for (let i = 0; i < counts.length; i++) {
    const end = at + (counts[i] as number);
    if (i % 2 === 1 && end > at) visit(at, end);
    at = end;
  }
}

/** Pixels inside. */
export function rleArea(rle: Rle): number {
  let area = 0;
  eachRun(rle, (start, end) => (area += end - start));
  return area;
}

/** The tight box: left, top, width, height in pixels; all 0 for an empty mask. */
export function rleBox(rle: Rle): [left: number, top: number, width: number, height: number] {
  const { height } = rle;
  let [left, top, right, bottom] = [Number.POSITIVE_INFINITY, Number.POSITIVE_INFINITY, 0, 0];
  eachRun(rle, (start, end) => {
    const [first, last] = [Math.floor(start / height), Math.floor((end - 1) / height)];
    left = Math.min(left, first);
    right = Math.max(right, last + 1);
    // A run over the end of a column touches the first and the last row.
    top = Math.min(top, first === last ? start % height : 0);
    bottom = Math.max(bottom, first === last ? ((end - 1) % height) + 1 : height);
  });
  return right === 0 ? [0, 0, 0, 0] : [left, top, right - left, bottom - top];
}

/** Visits stretches in which neither mask changes. */
function together(a: Rle, b: Rle, visit: (length: number, inA: boolean, inB: boolean) => void): void {
  if (a.height !== b.height || a.width !== b.width) {
    throw maskError('RLE', `a mask of ${a.height}x${a.width}`, `one of ${b.height}x${b.width}`);
  }
  let [i, j] = [0, 0];
  let [leftA, leftB] = [a.counts[0] ?? 0, b.counts[0] ?? 0];
  while (i < a.counts.length && j < b.counts.length) {
    const length = Math.min(leftA, leftB);
    if (length > 0) visit(length, i % 2 === 1, j % 2 === 1);
    leftA -= length;
    leftB -= length;
    if (leftA === 0) leftA = a.counts[++i] ?? 0;
    if (leftB === 0) leftB = b.counts[++j] ?? 0;
  }
}

/** The union or the intersection of masks of one size; at least one. */
export function mergeRles(rles: readonly Rle[], how: 'union' | 'intersection'): Rle {
  const [first, ...others] = rles as readonly [Rle, ...Rle[]];
  return others.reduce((merged, other) => {
    const counts = [0];
    together(merged, other, (length, inA, inB) => {
      const inside = how === 'union' ? inA || inB : inA && inB;
      if (inside !== (counts.length % 2 === 0)) counts.push(0);
      counts[counts.length - 1] = (counts.at(-1) as number) + length;
    });
    return { height: merged.height, width: merged.width, counts: Uint32Array.from(counts) };
  }, first);
}

/**
 * Intersection over union of detections with truths, [detections, truths]; for a crowd, intersection over the
 * detection's area. 0 where nothing is shared.
 *
 * @param crowd of each truth: true for a region that stands for any number of objects.
 */
export function rleIou(detections: readonly Rle[], truths: readonly Rle[], crowd: readonly boolean[]): Float64Array {
  const result = new Float64Array(detections.length * truths.length);
  detections.forEach((detection, d) =>
    truths.forEach((truth, g) => {
      let [shared, either] = [0, 0];
      together(detection, truth, (length, inA, inB) => {
        if (inA && inB) shared += length;
        if (inA || inB) either += length;
      });
      const whole = crowd[g] === true ? rleArea(detection) : either;
      result[d * truths.length + g] = shared === 0 ? 0 : shared / whole;
    }),
  );
  return result;
}
