import { defineTransform } from './define.js';
import { affineMatrix, strata } from './draws.js';
import { spread } from './parameters.js';

export const rotate = defineTransform({
  name: 'rotate',
  description: 'turn about the centre, bilinear, zero outside',
  torchvision: 'RandomRotation',
  options: { degrees: spread(180, 15, 'largest angle either way, or [low, high], counter-clockwise') },
  plan(window, { degrees }, stream) {
    window.warp(strata(stream, window.count, degrees).map((angle) => ({ matrix: affineMatrix(-angle, 1, 0, 0) })));
  },
});
