import type { ImagePlace } from '../steps/index.js';
import { mapValues } from './colour.js';
import { defineTransform } from './define.js';
import { integer, probability } from './parameters.js';

/** Keeps the highest bits of each value. */
export function keepBits(image: ImagePlace, { 0: bits = 8 }: ArrayLike<number>): void {
  const mask = 255 & ~((1 << (8 - bits)) - 1);
  mapValues(image, (x) => x & mask);
}

export const posterize = defineTransform({
  name: 'posterize',
  description: 'keep the highest bits',
  torchvision: 'RandomPosterize',
  options: { bits: integer(1, 8, 4, 'bits kept'), probability: probability(0.5) },
  example: { probability: 1 },
  plan: (window, { bits, ...options }, stream) =>
    window.editWithAmount(stream, keepBits, [bits, bits], options.probability),
});
