import type { ImagePlace } from '../steps/index.js';
import { clampByte, endOf } from './colour.js';
import { defineTransform } from './define.js';
import { spread } from './parameters.js';

/** Through HSV and back with the hue turned by a part of the circle. */
function adjustHue(image: ImagePlace, { 0: shift = 0 }: ArrayLike<number>): void {
  const { pixels, start, shape } = image;
  if (shape.channels !== 3) return;
  const end = endOf(image);
  for (let i = start; i < end; i += 3) {
    const r = (pixels[i] as number) / 255;
    const g = (pixels[i + 1] as number) / 255;
    const b = (pixels[i + 2] as number) / 255;
    const value = Math.max(r, g, b);
    const chroma = value - Math.min(r, g, b);
    if (chroma === 0) continue;
    const sector = value === r ? (g - b) / chroma : value === g ? 2 + (b - r) / chroma : 4 + (r - g) / chroma;
    const turned = (((sector / 6 + 1 + shift) % 1) + 1) % 1;
    // Value minus chroma, weighted by how far each channel's own hue is: the closed form of HSV to RGB.
    for (let channel = 0; channel < 3; channel++) {
      const k = (5 - 2 * channel + turned * 6 + 6) % 6;
      const channelValue = value - chroma * Math.max(0, Math.min(k, 4 - k, 1));
      pixels[i + channel] = clampByte(channelValue * 255.999);
    }
  }
}

export const hue = defineTransform({
  name: 'hue',
  description: 'turn the hue',
  torchvision: 'ColorJitter hue',
  options: { shift: spread(0.5, 0.1, 'largest part of the colour circle either way') },
  plan: (window, options, stream) => window.editWithAmount(stream, adjustHue, options.shift),
});
