import { z } from 'zod';
import type { SymbolicTensor } from '../../base/tf.js';
import { NetworkBuilder, scaled } from '../builder.js';
import { defineNetwork, dropoutRate, initializer, multiplier } from '../define.js';
import { denseInitializers } from '../initializers.js';

/** Channels of one inception block: 1x1; 3x3 reduction and 3x3; 5x5 reduction and 5x5; after the pooling. */
type Inception = readonly [number, number, number, number, number, number];

/** Table 1 of the paper. */
const stages: readonly (readonly [string, Inception][])[] = [
  [
    ['inception3a', [64, 96, 128, 16, 32, 32]],
    ['inception3b', [128, 128, 192, 32, 96, 64]],
  ],
  [
    ['inception4a', [192, 96, 208, 16, 48, 64]],
    ['inception4b', [160, 112, 224, 24, 64, 64]],
    ['inception4c', [128, 128, 256, 24, 64, 64]],
    ['inception4d', [112, 144, 288, 32, 64, 64]],
    ['inception4e', [256, 160, 320, 32, 128, 128]],
  ],
  [
    ['inception5a', [256, 160, 320, 32, 128, 128]],
    ['inception5b', [384, 192, 384, 48, 128, 128]],
  ],
];

/** Of convolutions, which a batch normalization follows; torchvision draws them from a normal distribution of deviation 0.01. */
const standard = 'heNormal';

/**
 * GoogLeNet with batch normalization as torchvision trains it, without the auxiliary classifiers (6,624,904
 * parameters that learn, at 1,000 classes); layers named as there. torchvision's third branch has 3x3 kernels where the
 * paper has 5x5; `branch3Kernel` chooses.
 */
export const googlenet = defineNetwork({
  name: 'googlenet',
  title: 'GoogLeNet (Inception v1)',
  source: 'Szegedy et al. 2015, "Going deeper with convolutions"; torchvision',
  smallestInput: 15,
  defaultInput: 224,
  options: {
    branch3Kernel: z
      .union([z.literal(3), z.literal(5)])
      .default(3)
      .describe('kernel of the third branch: 3 as torchvision, 5 as the paper'),
    dropout: dropoutRate(0.2),
    widthFactor: multiplier(1),
    initializer: initializer(standard),
  },
  build(shape, options) {
    const net = new NetworkBuilder({ ...options, batchNorm: { momentum: 0.9, epsilon: 1e-3 } });
    const wide = (channels: number) => scaled(channels, options.widthFactor);
    const unit = (x: SymbolicTensor, channels: number, name: string, kernel: number, strides = 1): SymbolicTensor => {
      const padding = (kernel - 1) / 2;
      const y = net.convolution(x, wide(channels), { name: `${name}.conv`, kernel, strides, padding, useBias: false });
      return net.relu(net.batchNorm(y, `${name}.bn`), `${name}.relu`);
    };
    const inception = (x: SymbolicTensor, name: string, channels: Inception): SymbolicTensor => {
      const branch1 = unit(x, channels[0], `${name}.branch1`, 1);
      const branch2 = unit(unit(x, channels[1], `${name}.branch2.0`, 1), channels[2], `${name}.branch2.1`, 3);
      const reduced = unit(x, channels[3], `${name}.branch3.0`, 1);
      const branch3 = unit(reduced, channels[4], `${name}.branch3.1`, options.branch3Kernel);
      const pooled = net.maxPool(x, { name: `${name}.branch4.0`, size: 3, strides: 1, padding: 'same' });
      const branch4 = unit(pooled, channels[5], `${name}.branch4.1`, 1);
      return net.concatenate([branch1, branch2, branch3, branch4], `${name}.concat`);
    };
    const input = net.input(shape);
    let x = unit(input, 64, 'conv1', 7, 2);
    x = pool3(net, x, 'maxpool1');
    x = unit(unit(x, 64, 'conv2', 1), 192, 'conv3', 3);
    x = pool3(net, x, 'maxpool2');
    stages.forEach((blocks, stage) => {
      for (const [name, channels] of blocks) x = inception(x, name, channels);
      if (stage === 0) x = pool3(net, x, 'maxpool3');
      if (stage === 1) x = net.maxPool(x, { name: 'maxpool4', size: 2, padding: 'same' });
    });
    x = net.dropout(net.globalAveragePool(x, 'avgpool'), options.dropout, 'dropout');
    // torchvision's, unless another initialiser is asked for.
    const own = options.initializer === standard ? denseInitializers.small() : {};
    return net.model('googlenet', input, net.dense(x, shape.classes, { name: 'fc', ...own }));
  },
});

/**
 * A 3x3 pooling of stride 2 whose last window may pass the border (PyTorch's `ceil_mode`): one row or column more where
 * the size is even. Zeros do for it, since what is pooled comes out of a ReLU.
 */
function pool3(net: NetworkBuilder, x: SymbolicTensor, name: string): SymbolicTensor {
  const evenRows = (x.shape[1] ?? 0) % 2 === 0;
  const evenColumns = (x.shape[2] ?? 0) % 2 === 0;
  const pool = (input: SymbolicTensor, padding: 'same' | 'valid') =>
    net.maxPool(input, { name, size: 3, strides: 2, padding });
  if (evenRows && evenColumns) return pool(x, 'same');
  if (!evenRows && !evenColumns && (x.shape[1] ?? 0) > 2 && (x.shape[2] ?? 0) > 2) return pool(x, 'valid');
  const rows = (x.shape[1] ?? 0) < 3 ? 3 - (x.shape[1] ?? 0) : Number(evenRows);
  const columns = (x.shape[2] ?? 0) < 3 ? 3 - (x.shape[2] ?? 0) : Number(evenColumns);
  return pool(
    net.zeroPad(
      x,
      [
        [0, rows],
        [0, columns],
      ],
      `${name}.pad`,
    ),
    'valid',
  );
}
