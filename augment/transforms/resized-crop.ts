import { defineTransform } from './define.js';
import { drawPart } from './draws.js';
import { interval } from './parameters.js';

export const resizedCrop = defineTransform({
  name: 'resizedCrop',
  description: 'a random part of the image, resized to the whole',
  torchvision: 'RandomResizedCrop',
  options: {
    scale: interval(0.01, 1, [0.08, 1], 'share of the area'),
    ratio: interval(0.1, 10, [3 / 4, 4 / 3], 'width by height'),
  },
  plan(window, { scale, ratio }, stream) {
    const { width, height } = window.shape;
    window.resizeParts(Array.from({ length: window.count }, () => drawPart(stream, width, height, scale, ratio)));
  },
  part: ({ width, height }, _target, { scale, ratio }, stream) => drawPart(stream, width, height, scale, ratio),
});
