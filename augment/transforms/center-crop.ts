import type { PixelBox } from '../steps/index.js';
import { defineTransform, type PixelSize } from './define.js';
import { deal } from './draws.js';
import { number } from './parameters.js';

/** The largest central part of a photograph that has the target's proportions, or a share of each of its sides. */
export function centralPart({ width, height }: PixelSize, target: PixelSize, fraction = 1): PixelBox {
  const scale = Math.min(width / target.width, height / target.height) * fraction;
  const w = Math.min(width, Math.max(1, Math.round(target.width * scale)));
  const h = Math.min(height, Math.max(1, Math.round(target.height * scale)));
  return { left: Math.floor((width - w) / 2), top: Math.floor((height - h) / 2), width: w, height: h };
}

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
