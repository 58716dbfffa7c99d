import { defineTransform } from './define.js';
import { affineMatrix, strata } from './draws.js';
import { spread } from './parameters.js';

export const shear = defineTransform({
  name: 'shear',
  description: 'slant, bilinear, zero outside',
  torchvision: 'RandomAffine shear',
  options: {
    horizontal: spread(80, 10, 'degrees along x'),
    vertical: spread(80, [0, 0], 'degrees along y'),
  },
  plan(window, { horizontal, vertical }, stream) {
    const x = strata(stream, window.count, horizontal);
    const y = strata(stream, window.count, vertical);
    window.warp(x.map((slant, i) => ({ matrix: affineMatrix(0, 1, slant, y[i] as number) })));
  },
});
