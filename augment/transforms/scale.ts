import { defineTransform } from './define.js';
import { affineMatrix, deal, strata } from './draws.js';
import { interval } from './parameters.js';

export const scale = defineTransform({
  name: 'scale',
  description: 'zoom about the centre, bilinear, zero outside',
  torchvision: 'RandomAffine scale',
  options: { range: interval(0.1, 10, [0.8, 1.2], 'factors') },
  banked: true,
  plan(window, { range }, stream) {
    const bank = strata(stream, window.bankSize, range).map((zoom) => ({ matrix: affineMatrix(0, zoom, 0, 0) }));
    window.warp(bank, deal(stream, window.count, bank.length));
  },
});
