import type { Convolution } from '../steps/index.js';
import { defineTransform } from './define.js';
import { deal } from './draws.js';
import { number, probability } from './parameters.js';

/** Blend of the image with its 3x3 smoothing (1 1 1; 1 5 1; 1 1 1) / 13, as torchvision's adjust_sharpness. */
export function sharpening(factor: number): Convolution {
  const soft = (1 - factor) / 13;
  return { kind: 'kernel', kernel: [soft, soft, soft, soft, 5 * soft + factor, soft, soft, soft, soft] };
}

export const sharpness = defineTransform({
  name: 'sharpness',
  description: 'sharpen or soften',
  torchvision: 'RandomAdjustSharpness',
  options: { factor: number(0, 10, 2, '0 soft, 1 as it is, 2 sharp'), probability: probability(0.5) },
  example: { probability: 1 },
  banked: true,
  plan: (window, options, stream) =>
    window.convolve([sharpening(options.factor)], deal(stream, window.count, 1, options.probability)),
});
