import { z } from 'zod';
import type { SymbolicTensor } from '../../base/tf.js';
import { NetworkBuilder } from '../builder.js';
import { count, defineNetwork, dropoutRate, initializer } from '../define.js';
import { denseInitializers } from '../initializers.js';

const source = 'Huang, Liu, van der Maaten, Weinberger 2017, "Densely connected convolutional networks"';

interface Dense {
  readonly growth: number;
  readonly dropout: number;
}

/** Normalization, ReLU and 1x1 to four times the growth, then the same and 3x3; the result joins the input. */
function denseBlock(
  net: NetworkBuilder,
  input: SymbolicTensor,
  layers: number,
  name: string,
  { growth, dropout }: Dense,
) {
  let x = input;
  for (let layer = 1; layer <= layers; layer++) {
    const path = `${name}_block${layer}`;
    let y = net.relu(net.batchNorm(x, `${path}_0_bn`), `${path}_0_relu`);
    y = net.convolution(y, 4 * growth, { name: `${path}_1_conv`, kernel: 1, useBias: false });
    y = net.dropout(y, dropout, `${path}_1_dropout`);
    y = net.relu(net.batchNorm(y, `${path}_1_bn`), `${path}_1_relu`);
    y = net.convolution(y, growth, { name: `${path}_2_conv`, kernel: 3, useBias: false });
    y = net.dropout(y, dropout, `${path}_2_dropout`);
    x = net.concatenate([x, y], `${path}_concat`);
  }
  return x;
}

/** Normalization, ReLU, 1x1 to a part of the channels, and a 2x2 average pooling. */
function transition(net: NetworkBuilder, input: SymbolicTensor, compression: number, name: string): SymbolicTensor {
  let x = net.relu(net.batchNorm(input, `${name}_bn`), `${name}_relu`);
  const channels = Math.floor((input.shape[3] ?? 1) * compression);
  x = net.convolution(x, Math.max(1, channels), { name: `${name}_conv`, kernel: 1, useBias: false });
  return net.averagePool(x, { name: `${name}_pool`, size: 2, padding: 'valid' });
}

/** DenseNet-121 as Keras Applications has it (8,062,504 parameters at 1,000 classes); layers named as there. */
export const densenet121 = defineNetwork({
  name: 'densenet121',
  title: 'DenseNet-121',
  source: `${source}; Keras Applications`,
  smallestInput: 29,
  defaultInput: 224,
  options: {
    growth: count(32, 'channels each layer adds'),
    dropout: dropoutRate(0, 'dropout rate after each convolution'),
    initializer: initializer('glorotUniform'),
  },
  build(shape, options) {
    const net = new NetworkBuilder({ ...options, batchNorm: { momentum: 0.99, epsilon: 1.001e-5 } });
    const input = net.input(shape);
    let x = net.convolution(input, 2 * options.growth, {
      name: 'conv1_conv',
      kernel: 7,
      strides: 2,
      padding: 3,
      useBias: false,
    });
    x = net.relu(net.batchNorm(x, 'conv1_bn'), 'conv1_relu');
    x = net.maxPool(x, { name: 'pool1', size: 3, strides: 2, padding: 1 });
    [6, 12, 24, 16].forEach((layers, index) => {
      if (index > 0) x = transition(net, x, 0.5, `pool${index + 1}`);
      x = denseBlock(net, x, layers, `conv${index + 2}`, options);
    });
    x = net.relu(net.batchNorm(x, 'bn'), 'relu');
    x = net.globalAveragePool(x, 'avg_pool');
    return net.model('densenet121', input, net.dense(x, shape.classes, { name: 'predictions' }));
  },
});

/** torchvision's initialiser of convolutions. */
const standard = 'heNormal';

/**
 * DenseNet-BC for small images: three dense blocks of (depth - 4) / 6 layers, bottlenecks and compression. At depth 100
 * and growth 12 it has the paper's 0.8 million parameters.
 */
export const densenetBc = defineNetwork({
  name: 'densenet-bc',
  title: 'DenseNet-BC for small images',
  source: `${source}, section 4`,
  smallestInput: 4,
  defaultInput: 32,
  defaultClasses: 10,
  options: {
    depth: z
      .int()
      .min(10)
      .max(1000)
      .refine((depth) => (depth - 4) % 6 === 0, 'a depth of 6n + 4, such as 40 or 100')
      .default(100)
      .describe('number of convolutions and dense layers, 6n + 4'),
    growth: count(12, 'channels each layer adds'),
    compression: z.number().min(0.1).max(1).default(0.5).describe('part of the channels a transition keeps'),
    dropout: dropoutRate(
      0,
      'dropout rate after each convolution (the paper trains with 0.2 where it does not augment)',
    ),
    initializer: initializer(standard),
  },
  build(shape, options) {
    const net = new NetworkBuilder({ ...options, batchNorm: { momentum: 0.9, epsilon: 1e-5 } });
    const input = net.input(shape);
    let x = net.convolution(input, 2 * options.growth, { name: 'conv1_conv', kernel: 3, useBias: false });
    for (let block = 0; block < 3; block++) {
      if (block > 0) x = transition(net, x, options.compression, `pool${block + 1}`);
      x = denseBlock(net, x, (options.depth - 4) / 6, `conv${block + 2}`, options);
    }
    x = net.relu(net.batchNorm(x, 'bn'), 'relu');
    x = net.globalAveragePool(x, 'avg_pool');
    // torchvision's, unless another initialiser is asked for.
    const own = options.initializer === standard ? denseInitializers.torchWithoutBias() : {};
    return net.model('densenet-bc', input, net.dense(x, shape.classes, { name: 'predictions', ...own }));
  },
});
