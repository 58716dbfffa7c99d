import { defineTransform } from './define.js';
import { affineMatrix, deal, strata } from './draws.js';
import { spread } from './parameters.js';

export const rotate = defineTransform({
  name: 'rotate',
  description: 'turn about the centre, bilinear, zero outside',
  torchvision: 'RandomRotation',
  options: { degrees: spread(180, 15, 'largest angle either way, or [low, high], counter-clockwise') },
  banked: true,
  plan(window, { degrees }, stream) {
    const angles = strata(stream, window.bankSize, degrees);
    const bank = angles.map((angle) => ({ matrix: affineMatrix(-angle, 1, 0, 0) }));
    window.warp(bank, deal(stream, window.count, bank.length));
  },
});
