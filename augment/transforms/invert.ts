import type { ImagePlace } from '../steps/index.js';
import { mapValues } from './colour.js';
import { defineTransform } from './define.js';
import { probability } from './parameters.js';

const negative = (image: ImagePlace): void => mapValues(image, (x) => 255 - x);

export const invert = defineTransform({
  name: 'invert',
  description: 'negative',
  torchvision: 'RandomInvert',
  options: { probability: probability(0.5) },
  example: { probability: 1 },
  plan: (window, options, stream) => window.editWithAmount(stream, negative, [0, 0], options.probability),
});
