import type { ImagePlace } from '../steps/index.js';
import { mapValues } from './colour.js';
import { defineTransform } from './define.js';
import { integer, probability } from './parameters.js';

/** Inverts values from a threshold on. */
export function invertAbove(image: ImagePlace, { 0: threshold = 256 }: ArrayLike<number>): void {
  mapValues(image, (x) => (x >= threshold ? 255 - x : x));
}

export const solarize = defineTransform({
  name: 'solarize',
  description: 'invert values from a threshold on',
  torchvision: 'RandomSolarize',
  options: { threshold: integer(0, 256, 128, 'first inverted value'), probability: probability(0.5) },
  example: { probability: 1 },
  plan: (window, { threshold, ...options }, stream) =>
    window.editWithAmount(stream, invertAbove, [threshold, threshold], options.probability),
});
