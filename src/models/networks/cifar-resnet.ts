import { z } from 'zod';
import type { SymbolicTensor } from '../../base/tf.js';
import { ChannelPadding } from '../../layers/index.js';
import { NetworkBuilder, scaled, torchBatchNorm } from '../builder.js';
import { defineNetwork, initializer, multiplier, type Network } from '../define.js';

const depths = [20, 32, 44, 56, 110] as const;

/**
 * The residual networks of He et al. for 32x32 images: three stages of n basic blocks with 16, 32 and 64 channels,
 * depth 6n + 2. Layer names are those of PyTorch implementations (`layer2.0.conv1`), so that their weights load by name.
 *
 * `shortcut` where a stage begins: `pad`, the paper's parameter-free option A for CIFAR (every second pixel, zero
 * channels half before and half after, as published PyTorch weights expect), or `projection`, a 1x1 convolution with
 * batch normalization (option B).
 */
function cifarResNet(depth: (typeof depths)[number]): Network {
  const name = `cifar-resnet${depth}`;
  return defineNetwork({
    name,
    title: `ResNet-${depth} for CIFAR`,
    source: 'He, Zhang, Ren, Sun 2016, "Deep residual learning for image recognition", section 4.2',
    smallestInput: 4,
    defaultInput: 32,
    defaultClasses: 10,
    options: {
      shortcut: z.enum(['pad', 'projection']).default('pad').describe('how a stage changes the number of channels'),
      widthFactor: multiplier(1),
      initializer: initializer('heNormal'),
    },
    build(shape, options) {
      const net = new NetworkBuilder({ ...options, batchNorm: torchBatchNorm });
      const input = net.input(shape);
      const block = (x: SymbolicTensor, filters: number, strides: number, path: string): SymbolicTensor => {
        let y = net.convolution(x, filters, { name: `${path}.conv1`, kernel: 3, strides, padding: 1, useBias: false });
        y = net.relu(net.batchNorm(y, `${path}.bn1`), `${path}.relu1`);
        y = net.convolution(y, filters, { name: `${path}.conv2`, kernel: 3, padding: 1, useBias: false });
        y = net.batchNorm(y, `${path}.bn2`);
        let shortcut = x;
        if (strides !== 1 || x.shape[3] !== filters) {
          if (options.shortcut === 'projection') {
            shortcut = net.convolution(x, filters, {
              name: `${path}.downsample.0`,
              kernel: 1,
              strides,
              padding: 'valid',
              useBias: false,
            });
            shortcut = net.batchNorm(shortcut, `${path}.downsample.1`);
          } else {
            // Averages of one pixel: only the stride is wanted.
            shortcut = net.averagePool(x, { name: `${path}.subsample`, size: 1, strides, padding: 'valid' });
            shortcut = net.apply(new ChannelPadding({ channels: filters, name: `${path}.pad` }), shortcut);
          }
        }
        return net.relu(net.add([y, shortcut], `${path}.add`), `${path}.relu2`);
      };
      let x = net.convolution(input, scaled(16, options.widthFactor), {
        name: 'conv1',
        kernel: 3,
        padding: 1,
        useBias: false,
      });
      x = net.relu(net.batchNorm(x, 'bn1'), 'relu');
      [16, 32, 64].forEach((channels, stage) => {
        for (let index = 0; index < (depth - 2) / 6; index++) {
          const strides = stage > 0 && index === 0 ? 2 : 1;
          x = block(x, scaled(channels, options.widthFactor), strides, `layer${stage + 1}.${index}`);
        }
      });
      x = net.globalAveragePool(x, 'avgpool');
      return net.model(name, input, net.dense(x, shape.classes, { name: 'linear' }));
    },
  });
}

/** ResNet-20, 32, 44, 56 and 110 for CIFAR. */
export const cifarResNets: readonly Network[] = depths.map(cifarResNet);
