import { defineTransform } from './define.js';
import { affineMatrix, deal, strata } from './draws.js';
import { spread } from './parameters.js';

export const shear = defineTransform({
  name: 'shear',
  description: 'slant, bilinear, zero outside',
  torchvision: 'RandomAffine shear',
  options: {
    horizontal: spread(80, 10, 'degrees along x'),
    vertical: spread(80, [0, 0], 'degrees along y'),
  },
  banked: true,
  plan(window, { horizontal, vertical }, stream) {
    const x = strata(stream, window.bankSize, horizontal);
    const y = strata(stream, window.bankSize, vertical);
    const bank = x.map((slant, i) => ({ matrix: affineMatrix(0, 1, slant, y[i] as number) }));
    window.warp(bank, deal(stream, window.count, bank.length));
  },
});
