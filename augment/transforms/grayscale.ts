import type { ImagePlace } from '../steps/index.js';
import { blendWithGrey } from './colour.js';
import { defineTransform } from './define.js';
import { probability } from './parameters.js';

const dropColours = (image: ImagePlace): void => blendWithGrey(image, 0);

export const grayscale = defineTransform({
  name: 'grayscale',
  description: 'drop the colours',
  torchvision: 'RandomGrayscale',
  options: { probability: probability(0.1) },
  example: { probability: 1 },
  plan: (window, options, stream) => window.editWithAmount(stream, dropColours, [0, 0], options.probability),
});
