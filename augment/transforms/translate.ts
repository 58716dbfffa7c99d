import { defineTransform } from './define.js';
import { wholePixels } from './draws.js';
import { number } from './parameters.js';

export const translate = defineTransform({
  name: 'translate',
  description: 'shift by whole pixels, zero outside',
  torchvision: 'RandomAffine translate',
  options: {
    horizontal: number(0, 1, 0.1, 'largest share of the width'),
    vertical: number(0, 1, 0.1, 'largest share of the height'),
  },
  plan(window, { horizontal, vertical }, stream) {
    const { width, height } = window.shape;
    const moves = window.moves();
    for (let i = 0; i < window.count; i++) {
      const dx = wholePixels(stream, horizontal * width);
      moves.shift(i, dx, wholePixels(stream, vertical * height));
    }
  },
});
