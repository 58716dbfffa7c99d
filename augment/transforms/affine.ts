import type { Warp } from '../steps/index.js';
import { defineTransform } from './define.js';
import { affineMatrix, strata, wholePixels } from './draws.js';
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
  plan(window, { degrees, translate, scale, shear }, stream) {
    const { count, shape } = window;
    const scales = strata(stream, count, scale);
    const shears = strata(stream, count, shear);
    const angles = strata(stream, count, degrees);
    const warps = angles.map((angle, i): Warp => {
      const right = wholePixels(stream, translate[0] * shape.width);
      const down = wholePixels(stream, translate[1] * shape.height);
      const matrix = affineMatrix(angle, scales[i] as number, shears[i] as number, 0);
      return { matrix, shift: [right, down] };
    });
    window.warp(warps);
  },
});
