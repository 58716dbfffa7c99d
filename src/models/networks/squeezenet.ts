import { NetworkBuilder, scaled } from '../builder.js';
import { defineNetwork, dropoutRate, initializer, multiplier } from '../define.js';

/** Squeeze and expand channels of the fire modules, by their places among torchvision's `features`. */
const fires: readonly (readonly [place: number, squeeze: number, expand: number])[] = [
  [3, 16, 64],
  [4, 16, 64],
  [6, 32, 128],
  [7, 32, 128],
  [9, 48, 192],
  [10, 48, 192],
  [11, 64, 256],
  [12, 64, 256],
];

/**
 * SqueezeNet 1.1: AlexNet's accuracy by 1x1 convolutions that squeeze before 3x3 ones expand. Layers are named as in
 * torchvision, whose poolings also take windows that hang over an edge: the same where none does, as at 32, 64 and 224 pixels.
 */
export const squeezenet = defineNetwork({
  name: 'squeezenet',
  title: 'SqueezeNet 1.1',
  source:
    'Iandola et al. 2016, "SqueezeNet: AlexNet-level accuracy with 50x fewer parameters"; torchvision squeezenet1_1',
  smallestInput: 31,
  defaultInput: 224,
  options: {
    widthFactor: multiplier(1),
    dropout: dropoutRate(0.5, 'dropout rate before the classifier'),
    initializer: initializer('heUniform'),
  },
  build(shape, options) {
    const net = new NetworkBuilder(options);
    const wide = (channels: number) => scaled(channels, options.widthFactor);
    const input = net.input(shape);
    const pool = (x: typeof input, place: number) =>
      net.maxPool(x, { name: `features.${place}`, size: 3, strides: 2, padding: 'valid' });
    let x = net.convolution(input, wide(64), {
      name: 'features.0',
      kernel: 3,
      strides: 2,
      padding: 'valid',
      activation: 'relu',
    });
    x = pool(x, 2);
    for (const [place, squeeze, expand] of fires) {
      if (place === 6 || place === 9) x = pool(x, place - 1);
      const name = `features.${place}`;
      const squeezed = net.convolution(x, wide(squeeze), { name: `${name}.squeeze`, kernel: 1, activation: 'relu' });
      const branch = (kernel: 1 | 3) =>
        net.convolution(squeezed, wide(expand), {
          name: `${name}.expand${kernel}x${kernel}`,
          kernel,
          padding: 'same',
          activation: 'relu',
        });
      x = net.concatenate([branch(1), branch(3)], name);
    }
    if (options.dropout > 0) x = net.dropout(x, options.dropout, 'classifier.0');
    x = net.convolution(x, shape.classes, { name: 'classifier.1', kernel: 1, activation: 'relu' });
    return net.model('squeezenet', input, net.globalAveragePool(x, 'classifier.3'));
  },
});
