import type { BoxMove, ImagePlace } from '../steps/index.js';
import { defineTransform } from './define.js';
import { probability } from './parameters.js';

/** Turns a square image clockwise by quarter turns (other images by half turns only; 1 and 3 count as 2). */
export function quarterTurn(
  { pixels, start, shape: { width, height, channels }, scratch }: ImagePlace,
  { 0: quarters = 0 }: ArrayLike<number>,
): void {
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

/** Where `quarterTurn` takes a box. */
const quarterTurned: BoxMove = ([left, top, right, bottom], { 0: quarters = 0 }, { width, height }) => {
  const turn = width === height || quarters === 0 ? quarters : 2;
  if (turn === 1) return [height - bottom, left, height - top, right];
  if (turn === 2) return [width - right, height - bottom, width - left, height - top];
  return turn === 3 ? [top, width - right, bottom, width - left] : [left, top, right, bottom];
};

export const rotate90 = defineTransform({
  name: 'rotate90',
  description: 'turn by 0, 90, 180 or 270 degrees (square images)',
  options: { probability: probability(0.75) },
  example: { probability: 1 },
  plan(window, options, stream) {
    const quarters = new Int16Array(window.count);
    for (let i = 0; i < quarters.length; i++) {
      quarters[i] = stream.uniform() < options.probability ? 1 + stream.below(3) : 0;
    }
    window.editAll(quarterTurn, quarters, quarterTurned);
  },
});
