import type { ImagePlace } from '../steps/index.js';
import { defineTransform } from './define.js';
import { drawErasing } from './draws.js';
import { integer, interval, probability } from './parameters.js';

/** Values of an edit: left, top, width, height, and what is written. */
const valuesPerSample = 5;

/** Fills a box with one value. */
function fillBox({ pixels, start, shape }: ImagePlace, values: ArrayLike<number>): void {
  const { 0: left = 0, 1: top = 0, 2: width = 0, 3: height = 0, 4: value = 0 } = values;
  for (let y = top; y < top + height; y++) {
    const from = start + (y * shape.width + left) * shape.channels;
    pixels.fill(value, from, from + width * shape.channels);
  }
}

export const erase = defineTransform({
  name: 'erase',
  description: 'fill a random box with one value (cutout)',
  torchvision: 'RandomErasing',
  options: {
    probability: probability(0.5),
    scale: interval(0.001, 1, [0.02, 0.33], 'share of the area'),
    ratio: interval(0.1, 10, [0.3, 3.3], 'height by width'),
    value: integer(0, 255, 0, 'value written'),
  },
  example: { probability: 1 },
  plan(window, options, stream) {
    const { width, height } = window.shape;
    const values = new Int16Array(window.count * valuesPerSample);
    for (let i = 0; i < window.count; i++) {
      if (stream.uniform() >= options.probability) continue;
      const box = drawErasing(stream, width, height, options.scale, options.ratio);
      if (box) values.set([box.left, box.top, box.width, box.height, options.value], i * valuesPerSample);
    }
    window.editAll(fillBox, values);
  },
});
