/**
 * Bilinear and nearest transforms of one image by a matrix about its centre, in fixed point: the same bits on every
 * machine. A call of libvips costs a millisecond on a thumbnail, whatever its size; this costs ten microseconds.
 */
import type { AffineMatrix } from '../steps/index.js';

/** How a pixel comes from its neighbours: their mean by distance, or the nearest. */
export type Interpolator = 'bilinear' | 'nearest';

/** What a warp does to an image. */
export interface WarpSpec {
  readonly matrix: AffineMatrix;
  /** Size of what is transformed: the image, or a part of it. */
  readonly contentWidth: number;
  readonly contentHeight: number;
  /** Size of the result. */
  readonly width: number;
  readonly height: number;
  readonly channels: number;
  /** What lies around the content: zeros, or its edge repeated. */
  readonly border: 'zero' | 'edge';
  readonly interpolator: Interpolator;
}

/**
 * Pixels around the content: interpolation reads one beyond, an edge is repeated `edgeReach` pixels wide, and rounding of
 * coordinates may add one.
 */
const before = 2;
const after = 3;
const edgeReach = 2;

/** Fraction bits of coordinates, and of the weights of neighbours: 255 times two weights fits 30 bits. */
const fractionBits = 16;
const one = 1 << fractionBits;
const weightBits = 11;
const weightOne = 1 << weightBits;
const weightShift = fractionBits - weightBits;
const half = 1 << (2 * weightBits - 1);

/** A canvas: an image with room around it, in memory that is used again. */
export interface Canvas {
  readonly memory: Uint8Array;
  /** Bytes from row to row. */
  readonly stride: number;
  /** First byte of the content. */
  readonly start: number;
}

/** Bytes of the largest canvas for contents up to a size. */
export function canvasBytes(width: number, height: number, channels: number): number {
  return (width + before + after) * (height + before + after) * channels;
}

/** A canvas of zeros at the beginning of `memory`. The content is to be written to it, then `warp` called. */
export function clearCanvas(
  memory: Uint8Array,
  { contentWidth, contentHeight, channels }: Pick<WarpSpec, 'contentWidth' | 'contentHeight' | 'channels'>,
): Canvas {
  memory.fill(0, 0, canvasBytes(contentWidth, contentHeight, channels));
  const stride = (contentWidth + before + after) * channels;
  return { memory, stride, start: before * stride + before * channels };
}

/**
 * Writes the content of a canvas, transformed about its centre, to byte `target` of `output`, rows behind each other;
 * pixels that show nothing of it become 0. The centre then moves by whole pixels, right and down.
 */
export function warp(
  canvas: Canvas,
  spec: WarpSpec,
  shiftX: number,
  shiftY: number,
  output: Uint8Array,
  target: number,
): void {
  if (spec.border === 'edge') repeatEdges(canvas, spec);
  const [a, b, c, d] = spec.matrix;
  const { width, height, channels, contentWidth, contentHeight, border } = spec;
  const determinant = a * d - b * c;
  const stepU = d / determinant;
  const stepV = -c / determinant;
  const reach = border === 'zero' ? 1 : edgeReach;
  const span = { low: 0, high: 0 };
  const row = rowOf(spec);
  const left = -(width - 1) / 2 - shiftX;
  for (let y = 0; y < height; y++) {
    // In pixels of the content, output pixel x of this row lies at (u + x stepU, v + x stepV).
    const top = y - (height - 1) / 2 - shiftY;
    const u = (d * left - b * top) / determinant + (contentWidth - 1) / 2;
    const v = (a * top - c * left) / determinant + (contentHeight - 1) / 2;
    span.low = 0;
    span.high = width - 1;
    narrow(span, u, stepU, -reach, contentWidth - 1 + reach);
    narrow(span, v, stepV, -reach, contentHeight - 1 + reach);
    const from = target + y * width * channels;
    const end = from + width * channels;
    const { low, high } = span;
    if (low > high) {
      output.fill(0, from, end);
      continue;
    }
    if (low > 0) output.fill(0, from, from + low * channels);
    if (high < width - 1) output.fill(0, from + (high + 1) * channels, end);
    const atU = Math.round((u + low * stepU) * one);
    const atV = Math.round((v + low * stepV) * one);
    row(
      canvas,
      atU,
      atV,
      Math.round(stepU * one),
      Math.round(stepV * one),
      high - low + 1,
      output,
      from + low * channels,
      channels,
    );
  }
}

/** Repeats the content's edge pixels around it. */
function repeatEdges({ memory, stride, start }: Canvas, { contentWidth, contentHeight, channels }: WarpSpec): void {
  const bottom = start + (contentHeight - 1) * stride;
  for (let row = start; row <= bottom; row += stride) {
    const last = row + (contentWidth - 1) * channels;
    for (let i = 1; i <= before; i++) memory.copyWithin(row - i * channels, row, row + channels);
    for (let i = 1; i <= after; i++) memory.copyWithin(last + i * channels, last, last + channels);
  }
  const left = before * channels;
  for (let i = 1; i <= before; i++) memory.copyWithin(start - left - i * stride, start - left, start - left + stride);
  for (let i = 1; i <= after; i++) memory.copyWithin(bottom - left + i * stride, bottom - left, bottom - left + stride);
}

/** The x of a row, from `low` to `high`, with `from <= start + step x <= to`, as an interval narrowed in place. */
function narrow(span: { low: number; high: number }, start: number, step: number, from: number, to: number): void {
  if (Math.abs(step) < 1e-12) {
    if (start < from || start > to) span.high = -1;
    return;
  }
  const first = (from - start) / step;
  const second = (to - start) / step;
  const low = Math.ceil(Math.min(first, second));
  const high = Math.floor(Math.max(first, second));
  if (low > span.low) span.low = low;
  if (high < span.high) span.high = high;
}

/** Writes `count` pixels of a row to byte `to`, from place (u, v) of the content on, a step apart; fixed point. */
type WriteRow = (
  canvas: Canvas,
  u: number,
  v: number,
  stepU: number,
  stepV: number,
  count: number,
  output: Uint8Array,
  to: number,
  channels: number,
) => void;

function rowOf({ interpolator, channels }: WarpSpec): WriteRow {
  if (interpolator === 'nearest') return nearestRow;
  return channels === 3 ? bilinearRow3 : bilinearRow;
}

const bilinearRow3: WriteRow = ({ memory, stride, start }, u, v, stepU, stepV, count, output, to) => {
  const end = to + 3 * count;
  for (; to < end; to += 3, u = (u + stepU) | 0, v = (v + stepV) | 0) {
    const at = (start + Math.imul(v >> fractionBits, stride) + 3 * (u >> fractionBits)) | 0;
    const below = (at + stride) | 0;
    const right = (u & (one - 1)) >> weightShift;
    const down = (v & (one - 1)) >> weightShift;
    const left = weightOne - right;
    const up = weightOne - down;
    const w00 = Math.imul(left, up);
    const w01 = Math.imul(right, up);
    const w10 = Math.imul(left, down);
    const w11 = Math.imul(right, down);
    output[to] =
      (Math.imul(memory[at] as number, w00) +
        Math.imul(memory[at + 3] as number, w01) +
        Math.imul(memory[below] as number, w10) +
        Math.imul(memory[below + 3] as number, w11) +
        half) >>
      (2 * weightBits);
    output[to + 1] =
      (Math.imul(memory[at + 1] as number, w00) +
        Math.imul(memory[at + 4] as number, w01) +
        Math.imul(memory[below + 1] as number, w10) +
        Math.imul(memory[below + 4] as number, w11) +
        half) >>
      (2 * weightBits);
    output[to + 2] =
      (Math.imul(memory[at + 2] as number, w00) +
        Math.imul(memory[at + 5] as number, w01) +
        Math.imul(memory[below + 2] as number, w10) +
        Math.imul(memory[below + 5] as number, w11) +
        half) >>
      (2 * weightBits);
  }
};

const bilinearRow: WriteRow = ({ memory, stride, start }, u, v, stepU, stepV, count, output, to, channels) => {
  for (let x = 0; x < count; x++, u = (u + stepU) | 0, v = (v + stepV) | 0) {
    const at = start + Math.imul(v >> fractionBits, stride) + channels * (u >> fractionBits);
    const right = (u & (one - 1)) >> weightShift;
    const down = (v & (one - 1)) >> weightShift;
    const left = weightOne - right;
    const up = weightOne - down;
    for (let place = at; place < at + channels; place++) {
      const top = Math.imul(memory[place] as number, left) + Math.imul(memory[place + channels] as number, right);
      const below = place + stride;
      const bottom = Math.imul(memory[below] as number, left) + Math.imul(memory[below + channels] as number, right);
      output[to++] = (Math.imul(top, up) + Math.imul(bottom, down) + half) >> (2 * weightBits);
    }
  }
};

const nearestRow: WriteRow = ({ memory, stride, start }, u, v, stepU, stepV, count, output, to, channels) => {
  const middle = one >> 1;
  for (let x = 0; x < count; x++, u = (u + stepU) | 0, v = (v + stepV) | 0) {
    const at = start + Math.imul((v + middle) >> fractionBits, stride) + channels * ((u + middle) >> fractionBits);
    for (let place = at; place < at + channels; place++) output[to++] = memory[place] as number;
  }
};
