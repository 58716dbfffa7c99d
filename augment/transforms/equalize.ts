import type { ImagePlace } from '../steps/index.js';
import { endOf, mapChannel } from './colour.js';
import { defineTransform } from './define.js';
import { probability } from './parameters.js';

/** Equalizes each channel's histogram as Pillow's `ImageOps.equalize`: the last bin's count is left out of the step. */
export function equalizeHistograms(image: ImagePlace): void {
  const { pixels, start, shape } = image;
  const end = endOf(image);
  const values = new Uint8Array(256);
  for (let channel = 0; channel < shape.channels; channel++) {
    const histogram = new Uint32Array(256);
    for (let i = start + channel; i < end; i += shape.channels) {
      const x = pixels[i] as number;
      histogram[x] = (histogram[x] as number) + 1;
    }
    let last = 255;
    while (histogram[last] === 0) last--;
    const step = Math.floor((shape.width * shape.height - (histogram[last] as number)) / 255);
    if (step === 0) continue;
    let sum = Math.floor(step / 2);
    for (let x = 0; x < 256; x++) {
      values[x] = Math.min(255, Math.floor(sum / step));
      sum += histogram[x] as number;
    }
    mapChannel(image, channel, shape.channels, (x) => values[x] as number);
  }
}

export const equalize = defineTransform({
  name: 'equalize',
  description: 'equalize each histogram',
  torchvision: 'RandomEqualize',
  options: { probability: probability(0.5) },
  example: { probability: 1 },
  plan: (window, options, stream) => window.editWithAmount(stream, equalizeHistograms, [0, 0], options.probability),
});
