/**
 * Pixel moves that are plain copies: flips and shifts of whole images. A chain of them folds into one `Move` per image,
 * so that mirror and crop cost one pass over the rows, wherever the pixels go next (a batch window or a canvas to warp).
 */
import type { ImageShape } from '../../src/contracts/index.js';
import type { Sides } from './sides.js';

/** Integers per move in a `MoveTable`: `[mirror x, mirror y, origin x, origin y, x0, x1, y0, y1]`. */
const stride = 8;

/**
 * One move per image: output pixel (x, y) with x0 <= x < x1 and y0 <= y < y1 is source pixel
 * (origin x ± x, origin y ± y), minus where that axis is mirrored; every other output pixel is 0.
 */
export class MoveTable {
  readonly #moves: Int32Array;
  readonly #shape: ImageShape;

  /** A table of `count` identities, or of the moves that are given. */
  constructor(count: number, shape: ImageShape, moves?: Int32Array) {
    this.#moves = moves ?? new Int32Array(count * stride);
    this.#shape = shape;
    if (moves !== undefined) return;
    for (let at = 0; at < this.#moves.length; at += stride) {
      this.#moves[at + 5] = shape.width;
      this.#moves[at + 7] = shape.height;
    }
  }

  /** The same moves, of images with another number of channels. */
  ofChannels(channels: number): MoveTable {
    return new MoveTable(this.#moves.length / stride, { ...this.#shape, channels }, this.#moves);
  }

  /** Appends a mirroring of image `index` from left to right. */
  flipHorizontal(index: number): void {
    this.#flip(index * stride, 0, this.#shape.width);
  }

  /** Appends a mirroring of image `index` from top to bottom. */
  flipVertical(index: number): void {
    this.#flip(index * stride, 1, this.#shape.height);
  }

  /** Appends a shift: output (x, y) shows what was at (x + dx, y + dy), 0 where that is outside. */
  shift(index: number, dx: number, dy: number): void {
    this.#shift(index * stride, 0, dx, this.#shape.width);
    this.#shift(index * stride, 1, dy, this.#shape.height);
  }

  #flip(at: number, axis: 0 | 1, size: number): void {
    const moves = this.#moves;
    const mirrored = moves[at + axis] as number;
    const low = moves[at + 4 + 2 * axis] as number;
    moves[at + 2 + axis] = (moves[at + 2 + axis] as number) + (mirrored ? 1 - size : size - 1);
    moves[at + axis] = 1 - mirrored;
    moves[at + 4 + 2 * axis] = size - (moves[at + 5 + 2 * axis] as number);
    moves[at + 5 + 2 * axis] = size - low;
  }

  #shift(at: number, axis: 0 | 1, delta: number, size: number): void {
    const moves = this.#moves;
    const mirrored = moves[at + axis] as number;
    moves[at + 2 + axis] = (moves[at + 2 + axis] as number) + (mirrored ? -delta : delta);
    moves[at + 4 + 2 * axis] = Math.max(0, (moves[at + 4 + 2 * axis] as number) - delta);
    moves[at + 5 + 2 * axis] = Math.min(size, (moves[at + 5 + 2 * axis] as number) - delta);
  }

  /** Where a box of image `index` goes; it may reach beyond the image. */
  box(index: number, [left, top, right, bottom]: Sides): Sides {
    const along = (axis: 0 | 1, low: number, high: number): [number, number] => {
      const at = index * stride + axis;
      const origin = this.#moves[at + 2] as number;
      return this.#moves[at] === 1 ? [origin + 1 - high, origin + 1 - low] : [low - origin, high - origin];
    };
    const [x0, x1] = along(0, left, right);
    const [y0, y1] = along(1, top, bottom);
    return [x0, y0, x1, y1];
  }

  /** The part of image `index` that shows the source. */
  visible(index: number): Sides {
    const [x0 = 0, x1 = 0, y0 = 0, y1 = 0] = this.#moves.subarray(index * stride + 4, index * stride + 8);
    return [x0, y0, x1, y1];
  }

  /**
   * Writes image `index`, moved, from byte `source` of `memory` to byte `target` of it, rows `targetStride` bytes apart.
   * Every byte of the image is written unless `zeroed` says that the target is 0 already; the two must not overlap.
   * Within one array, because `copyWithin` needs no view: 20 ns a row, a fifth of `set` with `subarray`.
   */
  place(
    index: number,
    memory: Uint8Array,
    source: number,
    target: number,
    targetStride: number,
    zeroed: boolean,
  ): void {
    const { width, height, channels } = this.#shape;
    const moves = this.#moves;
    const at = index * stride;
    const x0 = moves[at + 4] as number;
    const x1 = moves[at + 5] as number;
    const y0 = moves[at + 6] as number;
    const y1 = moves[at + 7] as number;
    const whole = x0 <= 0 && x1 >= width && y0 <= 0 && y1 >= height;
    const rowBytes = width * channels;
    if (!whole && !zeroed) {
      if (targetStride === rowBytes) memory.fill(0, target, target + height * rowBytes);
      else for (let row = target, y = 0; y < height; y++, row += targetStride) memory.fill(0, row, row + rowBytes);
    }
    const mirrored = moves[at] === 1;
    const upward = moves[at + 1] === 1;
    const originX = moves[at + 2] as number;
    const originY = moves[at + 3] as number;
    if (whole && !mirrored && !upward && targetStride === rowBytes) {
      memory.copyWithin(target, source, source + height * rowBytes);
      return;
    }
    for (let y = y0; y < y1; y++) {
      const sourceRow = source + (upward ? originY - y : originY + y) * rowBytes;
      const to = target + y * targetStride + x0 * channels;
      if (!mirrored) {
        const from = sourceRow + (originX + x0) * channels;
        memory.copyWithin(to, from, from + (x1 - x0) * channels);
      } else {
        mirrorRow(memory, sourceRow + (originX - x0) * channels, to, x1 - x0, channels);
      }
    }
  }
}

/** Writes `count` pixels to byte `to`, reading backwards from the pixel at byte `from`. */
function mirrorRow(memory: Uint8Array, from: number, to: number, count: number, channels: number): void {
  if (channels === 3) {
    const end = to + count * 3;
    for (; to < end; to += 3, from -= 3) {
      memory[to] = memory[from] as number;
      memory[to + 1] = memory[from + 1] as number;
      memory[to + 2] = memory[from + 2] as number;
    }
    return;
  }
  for (let x = 0; x < count; x++, from -= channels) {
    for (let c = 0; c < channels; c++) memory[to++] = memory[from + c] as number;
  }
}
