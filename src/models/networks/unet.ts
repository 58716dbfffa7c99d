import { z } from 'zod';
import { valueError } from '../../base/errors.js';
import { type SymbolicTensor, tf } from '../../base/tf.js';
import { NetworkBuilder, torchBatchNorm } from '../builder.js';
import { count, defineNetwork, dropoutRate, flag, initializer, type Network, type NetworkShape } from '../define.js';
import { encoderLevels } from '../encoder-levels.js';
import { initializerNamed, type LayerInitializer } from '../initializers.js';

/** What each level of the encoder hands to the decoder, the largest first; the last is the bottom. */
type Levels = readonly SymbolicTensor[];

interface DecoderOptions {
  readonly filters: number;
  readonly batchNorm: boolean;
  readonly upsampling: 'transposed' | 'bilinear' | 'nearest';
}

/**
 * U-Net: an encoder that halves the image level by level, a decoder that doubles it again, and at each level a bridge from
 * one to the other. Convolutions keep the size, as is usual today; the paper's lose a border.
 *
 * @param networkNamed the registry's, for encoders.
 */
export function unet(networkNamed: (name: string) => Network): Network {
  return defineNetwork({
    name: 'unet',
    title: 'U-Net: a class for each pixel',
    source:
      'Ronneberger, Fischer, Brox 2015, "U-Net: convolutional networks for biomedical image segmentation"; 64 filters and depth 4 are the paper\'s',
    smallestInput: ({ depth, encoder }) => (encoder === undefined ? 2 ** depth : 2),
    defaultInput: 128,
    defaultClasses: 2,
    gives: 'masks',
    options: {
      filters: count(64, 'channels of the first level; each further one has twice as many'),
      depth: z.int().min(1).max(8).default(4).describe('times that the image is halved'),
      batchNorm: flag(true, 'batch normalization after every convolution, which then has no bias'),
      upsampling: z
        .enum(['transposed', 'bilinear', 'nearest'])
        .default('transposed')
        .describe(
          'how the decoder doubles the size: transposed convolution of 2x2, or interpolation and a convolution',
        ),
      dropout: dropoutRate(0, 'dropout rate at the bottom'),
      encoder: z
        .string()
        .optional()
        .describe('another network as encoder, as resnet18; depth and filters are then those of its levels'),
      initializer: initializer('heNormal'),
    },
    build(shape, { encoder, ...options }) {
      const net = new NetworkBuilder({ initializer: options.initializer, batchNorm: torchBatchNorm });
      const kernel = initializerNamed(options.initializer);
      const { input, levels } =
        encoder === undefined ? plainEncoder(net, shape, options) : encoderLevels(networkNamed(encoder), shape, 'unet');
      const x = decoder(net, input, levels, options, kernel);
      const logits = net.convolution(x, shape.classes, { name: 'predictions', kernel: 1 });
      return net.model('unet', input, logits);
    },
  });
}

/** Two convolutions of 3x3. */
function block(
  net: NetworkBuilder,
  input: SymbolicTensor,
  filters: number,
  name: string,
  batchNorm: boolean,
): SymbolicTensor {
  let x = input;
  for (const number of [1, 2]) {
    const layer = `${name}_conv${number}`;
    x = net.convolution(x, filters, { name: layer, kernel: 3, useBias: !batchNorm });
    if (batchNorm) x = net.batchNorm(x, `${name}_bn${number}`);
    x = net.relu(x, `${name}_relu${number}`);
  }
  return x;
}

function plainEncoder(
  net: NetworkBuilder,
  shape: NetworkShape,
  options: { readonly filters: number; readonly depth: number; readonly batchNorm: boolean; readonly dropout: number },
): { input: SymbolicTensor; levels: Levels } {
  const { filters: width, depth, batchNorm, dropout } = options;
  const multiple = 2 ** depth;
  if (shape.height % multiple !== 0 || shape.width % multiple !== 0) {
    throw valueError(
      'the images of unet',
      `height and width that are multiples of ${multiple} for depth ${depth} (--image-size in a command line)`,
      [shape.height, shape.width],
    );
  }
  const input = net.input(shape);
  const levels: SymbolicTensor[] = [];
  let x: SymbolicTensor = input;
  for (let level = 0; level < depth; level++) {
    x = block(net, x, width * 2 ** level, `down${level + 1}`, batchNorm);
    levels.push(x);
    x = net.maxPool(x, { name: `pool${level + 1}`, size: 2, padding: 'valid' });
  }
  x = block(net, x, width * 2 ** depth, 'bottom', batchNorm);
  levels.push(net.dropout(x, dropout, 'bottom_dropout'));
  return { input, levels };
}

function decoder(
  net: NetworkBuilder,
  image: SymbolicTensor,
  levels: Levels,
  { filters: width, batchNorm, upsampling }: DecoderOptions,
  kernel: LayerInitializer,
): SymbolicTensor {
  let x = levels.at(-1) as SymbolicTensor;
  for (let level = levels.length - 2; level >= 0; level--) {
    const bridge = levels[level] as SymbolicTensor;
    const own = bridge.shape.at(-1) as number;
    // An encoder's first level may be the image itself.
    const filters = bridge === image ? Math.max(16, Math.min(width, (x.shape.at(-1) as number) / 2)) : own;
    const name = `up${level + 1}`;
    if (upsampling === 'transposed') {
      x = net.apply(
        tf.layers.conv2dTranspose({
          name,
          filters,
          kernelSize: 2,
          strides: 2,
          padding: 'valid',
          kernelInitializer: kernel,
        }),
        x,
      );
    } else {
      x = net.apply(tf.layers.upSampling2d({ name: `${name}_size`, size: [2, 2], interpolation: upsampling }), x);
      x = net.convolution(x, filters, { name, kernel: 3 });
    }
    x = block(net, net.concatenate([bridge, x], `${name}_bridge`), filters, name, batchNorm);
  }
  return x;
}
