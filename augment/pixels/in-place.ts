/** Per-image pixel work in place that no other module owns: padded crops with edges, quarter turns, erasing. */
import type { ImageShape } from '../../src/contracts/index.js';
import { reflect } from './filters.js';

/** Room for one image, to read from while writing in place. */
export type Scratch = Uint8Array;

/** Shows the image shifted by (dx, dy), with its edge repeated or mirrored where nothing was. */
export function padShift(
  pixels: Uint8Array,
  start: number,
  shape: ImageShape,
  border: 'edge' | 'reflect',
  dx: number,
  dy: number,
  scratch: Scratch,
): void {
  const { width, height, channels } = shape;
  scratch.set(pixels.subarray(start, start + width * height * channels));
  const place = (index: number, size: number): number =>
    border === 'reflect' ? reflect(index, size) : Math.min(size - 1, Math.max(0, index));
  let to = start;
  for (let y = 0; y < height; y++) {
    const row = place(y + dy, height) * width;
    for (let x = 0; x < width; x++) {
      const from = (row + place(x + dx, width)) * channels;
      for (let c = 0; c < channels; c++) pixels[to++] = scratch[from + c] as number;
    }
  }
}

/** Turns a square image clockwise by quarter turns (other images by half turns only; 1 and 3 count as 2). */
export function quarterTurn(
  pixels: Uint8Array,
  start: number,
  shape: ImageShape,
  quarters: number,
  scratch: Scratch,
): void {
  const { width, height, channels } = shape;
  const turn = width === height || quarters === 0 ? quarters : 2;
  if (turn === 0) return;
  scratch.set(pixels.subarray(start, start + width * height * channels));
  let to = start;
  for (let y = 0; y < height; y++) {
    for (let x = 0; x < width; x++) {
      const sourceX = turn === 1 ? y : turn === 2 ? width - 1 - x : width - 1 - y;
      const sourceY = turn === 1 ? height - 1 - x : turn === 2 ? height - 1 - y : x;
      const from = (sourceY * width + sourceX) * channels;
      for (let c = 0; c < channels; c++) pixels[to++] = scratch[from + c] as number;
    }
  }
}

/** Fills a box with one value. */
export function eraseBox(
  pixels: Uint8Array,
  start: number,
  shape: ImageShape,
  box: { left: number; top: number; width: number; height: number },
  value: number,
): void {
  for (let y = box.top; y < box.top + box.height; y++) {
    const from = start + (y * shape.width + box.left) * shape.channels;
    pixels.fill(value, from, from + box.width * shape.channels);
  }
}
