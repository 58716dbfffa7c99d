import type { BoxMove, ImagePlace } from '../steps/index.js';
import { defineTransform } from './define.js';
import { choice, integer } from './parameters.js';

/** Index of a pixel mirrored at the borders, the border pixel itself not repeated. */
function mirrored(index: number, size: number): number {
  if (size === 1) return 0;
  const period = 2 * (size - 1);
  const wrapped = ((index % period) + period) % period;
  return wrapped < size ? wrapped : period - wrapped;
}

const clamped = (index: number, size: number): number => Math.min(size - 1, Math.max(0, index));

/** Shows the image shifted by (dx, dy); `source` tells which pixel stands for one outside. */
function shiftWithin(
  { pixels, start, shape: { width, height, channels }, scratch }: ImagePlace,
  { 0: dx = 0, 1: dy = 0 }: ArrayLike<number>,
  source: (index: number, size: number) => number,
): void {
  scratch.set(pixels.subarray(start, start + width * height * channels));
  let to = start;
  for (let y = 0; y < height; y++) {
    const row = source(y + dy, height) * width;
    for (let x = 0; x < width; x++) {
      const from = (row + source(x + dx, width)) * channels;
      for (let c = 0; c < channels; c++) pixels[to++] = scratch[from + c] as number;
    }
  }
}

const borders = {
  edge: (image: ImagePlace, shift: ArrayLike<number>) => shiftWithin(image, shift, clamped),
  reflect: (image: ImagePlace, shift: ArrayLike<number>) => shiftWithin(image, shift, mirrored),
};

/** A box goes with its object; what the padding repeats of it has none. */
const shifted: BoxMove = ([left, top, right, bottom], { 0: dx = 0, 1: dy = 0 }) => [
  left - dx,
  top - dy,
  right - dx,
  bottom - dy,
];

export const crop = defineTransform({
  name: 'crop',
  description: 'pad, then crop back to size at a random place',
  torchvision: 'RandomCrop',
  options: {
    padding: integer(0, 1024, 4, 'pixels added around before cropping back'),
    border: choice(['zero', 'edge', 'reflect'], 'zero', 'what the padding shows'),
  },
  plan(window, { padding, border }, stream) {
    const shifts = new Int16Array(window.count * 2);
    for (let i = 0; i < shifts.length; i++) shifts[i] = stream.below(2 * padding + 1) - padding;
    if (border !== 'zero') {
      window.editAll(borders[border], shifts, shifted);
      return;
    }
    const moves = window.moves();
    for (let i = 0; i < window.count; i++) moves.shift(i, shifts[2 * i] as number, shifts[2 * i + 1] as number);
  },
});
