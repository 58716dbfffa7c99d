import { defineTransform } from './define.js';
import { affineMatrix, deal, strata, wholePixels } from './draws.js';
import { interval, spread } from './parameters.js';

export const affine = defineTransform({
  name: 'affine',
  description: 'turn, shift, zoom and slant in one',
  torchvision: 'RandomAffine',
  options: {
    degrees: spread(180, 15, 'angle, clockwise'),
    translate: interval(0, 1, [0, 0], 'largest share of width and of height: [horizontal, vertical]'),
    scale: interval(0.1, 10, [1, 1], 'factors'),
    shear: spread(80, [0, 0], 'degrees along x'),
  },
  banked: true,
  plan(window, { degrees, translate, scale, shear }, stream) {
    const { count, shape, bankSize } = window;
    const scales = strata(stream, bankSize, scale);
    const shears = strata(stream, bankSize, shear);
    const bank = strata(stream, bankSize, degrees).map((angle, i) => ({
      matrix: affineMatrix(angle, scales[i] as number, shears[i] as number, 0),
    }));
    const choices = deal(stream, count, bankSize);
    const shifts = new Int16Array(count * 2);
    for (let i = 0; i < count; i++) {
      shifts[2 * i] = wholePixels(stream, translate[0] * shape.width);
      shifts[2 * i + 1] = wholePixels(stream, translate[1] * shape.height);
    }
    window.warp(bank, choices, shifts);
  },
});
