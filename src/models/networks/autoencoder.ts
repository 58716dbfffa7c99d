import { z } from 'zod';
import { valueError } from '../../base/errors.js';
import { type SymbolicTensor, tf } from '../../base/tf.js';
import { NetworkBuilder, torchBatchNorm } from '../builder.js';
import { count, defineNetwork, flag, initializer } from '../define.js';
import { initializerNamed } from '../initializers.js';

/** A convolutional autoencoder: the image through a narrow code and back. */
export const autoencoder = defineNetwork({
  name: 'autoencoder',
  title: 'convolutional autoencoder: the image itself, through a narrow code',
  source:
    'Masci, Meier, Ciresan, Schmidhuber 2011, "Stacked convolutional auto-encoders for hierarchical feature extraction"; strided convolutions down, transposed ones up',
  smallestInput: ({ depth }) => 2 ** depth,
  defaultInput: 32,
  gives: 'image',
  options: {
    filters: count(32, 'channels of the first level; each further one has twice as many'),
    depth: z.int().min(1).max(6).default(2).describe('times that the image is halved'),
    code: count(64, 'numbers that an image is pressed into'),
    batchNorm: flag(true, 'batch normalization after every convolution'),
    initializer: initializer('heNormal'),
  },
  build(shape, { filters: width, depth, code, batchNorm, initializer: kernelName }) {
    const net = new NetworkBuilder({ initializer: kernelName, batchNorm: torchBatchNorm });
    const multiple = 2 ** depth;
    if (shape.height % multiple !== 0 || shape.width % multiple !== 0) {
      throw valueError(
        'the images of autoencoder',
        `height and width that are multiples of ${multiple} for depth ${depth} (--image-size in a command line)`,
        [shape.height, shape.width],
      );
    }
    const settle = (x: SymbolicTensor, name: string): SymbolicTensor =>
      net.relu(batchNorm ? net.batchNorm(x, `${name}_bn`) : x, `${name}_relu`);
    const input = net.input(shape);
    let x: SymbolicTensor = input;
    for (let level = 1; level <= depth; level++) {
      const name = `down${level}`;
      x = settle(
        net.convolution(x, width * 2 ** (level - 1), { name, kernel: 3, strides: 2, useBias: !batchNorm }),
        name,
      );
    }
    const small = x.shape.slice(1) as number[];
    x = net.dense(net.flatten(x), code, { name: 'code' });
    x = net.dense(
      x,
      small.reduce((product, size) => product * size, 1),
      { name: 'unfold', activation: 'relu' },
    );
    x = net.apply(tf.layers.reshape({ name: 'reshape', targetShape: small }), x);
    for (let level = depth - 1; level >= 0; level--) {
      const name = `up${level + 1}`;
      const filters = level === 0 ? width : width * 2 ** (level - 1);
      const layer = tf.layers.conv2dTranspose({
        name,
        filters,
        kernelSize: 3,
        strides: 2,
        padding: 'same',
        useBias: !batchNorm,
        kernelInitializer: initializerNamed(kernelName),
      });
      x = settle(net.apply(layer, x), name);
    }
    const image = net.convolution(x, shape.channels, { name: 'image', kernel: 3, activation: 'sigmoid' });
    return net.model('autoencoder', input, image);
  },
});
