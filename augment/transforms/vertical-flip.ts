import { defineTransform } from './define.js';
import { probability } from './parameters.js';

export const verticalFlip = defineTransform({
  name: 'verticalFlip',
  description: 'mirror top to bottom',
  torchvision: 'RandomVerticalFlip',
  options: { probability: probability(0.5) },
  example: { probability: 1 },
  plan(window, options, stream) {
    const moves = window.moves();
    for (let i = 0; i < window.count; i++) if (stream.uniform() < options.probability) moves.flipVertical(i);
  },
});
