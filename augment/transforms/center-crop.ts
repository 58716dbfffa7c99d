import { centralPart } from '../../src/contracts/index.js';
import { defineTransform } from './define.js';
import { deal } from './draws.js';
import { number } from './parameters.js';

export const centerCrop = defineTransform({
  name: 'centerCrop',
  description: 'the central part of the image, resized to the whole',
  torchvision: 'Resize, CenterCrop',
  options: { fraction: number(0.1, 1, 0.875, 'share of each side that is kept') },
  plan(window, { fraction }, stream) {
    const { width, height } = window.shape;
    const part = {
      width: Math.max(1, Math.round(width * fraction)),
      height: Math.max(1, Math.round(height * fraction)),
    };
    window.resizeParts([part], deal(stream, window.count, 1), (spare) => Math.floor(spare / 2));
  },
  part: (photograph, target, { fraction }) => centralPart(photograph, target, fraction),
});
