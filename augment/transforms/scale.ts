import { defineTransform } from './define.js';
import { affineMatrix, strata } from './draws.js';
import { interval } from './parameters.js';

export const scale = defineTransform({
  name: 'scale',
  description: 'zoom about the centre, bilinear, zero outside',
  torchvision: 'RandomAffine scale',
  options: { range: interval(0.1, 10, [0.8, 1.2], 'factors') },
  plan(window, { range }, stream) {
    window.warp(strata(stream, window.count, range).map((zoom) => ({ matrix: affineMatrix(0, zoom, 0, 0) })));
  },
});
