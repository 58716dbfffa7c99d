import type { ImagePlace } from '../steps/index.js';
import { blendWithGrey } from './colour.js';
import { defineTransform } from './define.js';
import { factor } from './parameters.js';

/** Scales the colours away from grey. */
export function adjustSaturation(image: ImagePlace, { 0: amount = 1 }: ArrayLike<number>): void {
  blendWithGrey(image, amount);
}

export const saturation = defineTransform({
  name: 'saturation',
  description: 'scale away from grey',
  torchvision: 'ColorJitter saturation',
  options: { factor },
  plan: (window, options, stream) => window.editWithAmount(stream, adjustSaturation, options.factor),
});
