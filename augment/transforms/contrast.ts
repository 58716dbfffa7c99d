import type { ImagePlace } from '../steps/index.js';
import { clampByte, endOf, luma, mapValues } from './colour.js';
import { defineTransform } from './define.js';
import { factor } from './parameters.js';

function meanLuma(image: ImagePlace): number {
  const { pixels, start, shape } = image;
  const end = endOf(image);
  let sum = 0;
  if (shape.channels === 3) {
    for (let i = start; i < end; i += 3) {
      sum += luma(pixels[i] as number, pixels[i + 1] as number, pixels[i + 2] as number);
    }
  } else {
    for (let i = start; i < end; i++) sum += pixels[i] as number;
  }
  return sum / (shape.width * shape.height);
}

/** Scales the values away from the mean grey. */
export function adjustContrast(image: ImagePlace, { 0: amount = 1 }: ArrayLike<number>): void {
  const mean = meanLuma(image);
  mapValues(image, (x) => clampByte(Math.fround(x * amount + mean * (1 - amount))));
}

export const contrast = defineTransform({
  name: 'contrast',
  description: 'scale away from the mean grey',
  torchvision: 'ColorJitter contrast',
  options: { factor },
  plan: (window, options, stream) => window.editWithAmount(stream, adjustContrast, options.factor),
});
