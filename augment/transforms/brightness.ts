import type { ImagePlace } from '../steps/index.js';
import { clampByte, mapValues } from './colour.js';
import { defineTransform } from './define.js';
import { factor } from './parameters.js';

/** Scales the values. */
export function adjustBrightness(image: ImagePlace, { 0: amount = 1 }: ArrayLike<number>): void {
  mapValues(image, (x) => clampByte(Math.fround(x * Math.fround(amount))));
}

export const brightness = defineTransform({
  name: 'brightness',
  description: 'scale the values',
  torchvision: 'ColorJitter brightness',
  options: { factor },
  plan: (window, options, stream) => window.editWithAmount(stream, adjustBrightness, options.factor),
});
