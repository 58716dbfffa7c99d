import type { ImagePlace } from '../steps/index.js';
import { clampByte, endOf, mapChannel } from './colour.js';
import { defineTransform } from './define.js';
import { probability } from './parameters.js';

/** Stretches each channel to 0..255. */
export function stretchContrast(image: ImagePlace): void {
  const { pixels, start, shape } = image;
  const end = endOf(image);
  for (let channel = 0; channel < shape.channels; channel++) {
    let low = 255;
    let high = 0;
    for (let i = start + channel; i < end; i += shape.channels) {
      const x = pixels[i] as number;
      if (x < low) low = x;
      if (x > high) high = x;
    }
    if (high === low) continue;
    const scale = Math.fround(255 / (high - low));
    mapChannel(image, channel, shape.channels, (x) => clampByte(Math.fround((x - low) * scale)));
  }
}

export const autocontrast = defineTransform({
  name: 'autocontrast',
  description: 'stretch each channel to 0..255',
  torchvision: 'RandomAutocontrast',
  options: { probability: probability(0.5) },
  example: { probability: 1 },
  plan: (window, options, stream) => window.editWithAmount(stream, stretchContrast, [0, 0], options.probability),
});
