import { defineTransform } from './define.js';
import { probability } from './parameters.js';

export const flip = defineTransform({
  name: 'flip',
  description: 'mirror left to right',
  torchvision: 'RandomHorizontalFlip',
  options: { probability: probability(0.5) },
  example: { probability: 1 },
  plan(window, options, stream) {
    const moves = window.moves();
    for (let i = 0; i < window.count; i++) if (stream.uniform() < options.probability) moves.flipHorizontal(i);
  },
});
