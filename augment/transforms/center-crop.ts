import { centralPart, type PixelBox } from '../../src/contracts/index.js';
import { defineTransform } from './define.js';
import { number } from './parameters.js';

export const centerCrop = defineTransform({
  name: 'centerCrop',
  description: 'the central part of the image, resized to the whole',
  torchvision: 'Resize, CenterCrop',
  options: { fraction: number(0.1, 1, 0.875, 'share of each side that is kept') },
  plan(window, { fraction }) {
    const { width, height } = window.shape;
    const part = {
      width: Math.max(1, Math.round(width * fraction)),
      height: Math.max(1, Math.round(height * fraction)),
    };
    const [left, top] = [Math.floor((width - part.width) / 2), Math.floor((height - part.height) / 2)];
    window.resizeParts(new Array<PixelBox>(window.count).fill({ ...part, left, top }));
  },
  part: (photograph, target, { fraction }) => centralPart(photograph, target, fraction),
});
