import { permutation } from '../../src/base/random.js';
import type { ImagePlace } from '../steps/index.js';
import { endOf } from './colour.js';
import { defineTransform } from './define.js';

/** Puts channel `order[i]` in the place of channel i. */
function reorderChannels(image: ImagePlace, order: ArrayLike<number>): void {
  const { pixels, start, shape, scratch } = image;
  const end = endOf(image);
  scratch.set(pixels.subarray(start, end));
  for (let channel = 0; channel < shape.channels; channel++) {
    let from = order[channel] as number;
    for (let to = start + channel; to < end; to += shape.channels, from += shape.channels) {
      pixels[to] = scratch[from] as number;
    }
  }
}

export const channelPermutation = defineTransform({
  name: 'channelPermutation',
  description: 'put the channels in a random order',
  torchvision: 'RandomChannelPermutation',
  options: {},
  plan(window, _options, stream) {
    const { channels } = window.shape;
    const orders = new Int16Array(window.count * channels);
    for (let i = 0; i < window.count; i++) orders.set(permutation(channels, stream), i * channels);
    window.editAll(reorderChannels, orders);
  },
});
