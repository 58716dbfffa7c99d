import { NetworkBuilder, scaled, torchBatchNorm } from '../builder.js';
import { count, defineNetwork, dropoutRate, initializer, multiplier, type Network } from '../define.js';
import { denseInitializers } from '../initializers.js';

/** Convolutions in each of the five blocks (table 1 of the paper: configurations A, B, D, E). */
const blocks = { 11: [1, 1, 2, 2, 2], 13: [2, 2, 2, 2, 2], 16: [2, 2, 3, 3, 3], 19: [2, 2, 4, 4, 4] } as const;
const channels = [64, 128, 256, 512, 512] as const;

/** torchvision's initialiser of convolutions. */
const standard = 'heNormalFanOut';

/**
 * VGG; layers named as in Keras Applications (`block1_conv1`, `fc1`, `predictions`), with `-bn` a batch normalization
 * after every convolution as in torchvision.
 */
function vgg(depth: keyof typeof blocks, normalized: boolean): Network {
  const name = `vgg${depth}${normalized ? '-bn' : ''}`;
  return defineNetwork({
    name,
    title: `VGG-${depth}${normalized ? ' with batch normalization' : ''}`,
    source: 'Simonyan, Zisserman 2015, "Very deep convolutional networks for large-scale image recognition"',
    smallestInput: 32,
    defaultInput: 224,
    options: {
      dropout: dropoutRate(0.5, 'dropout rate after each hidden dense layer'),
      hidden: count(4096, 'units of the hidden dense layers'),
      widthFactor: multiplier(1),
      initializer: initializer(standard),
    },
    build(shape, options) {
      const net = new NetworkBuilder({ ...options, batchNorm: torchBatchNorm });
      const wide = (count: number) => scaled(count, options.widthFactor);
      const input = net.input(shape);
      let x = input;
      blocks[depth].forEach((convolutions, index) => {
        const block = `block${index + 1}`;
        const filters = wide(channels[index] ?? 512);
        for (let number = 1; number <= convolutions; number++) {
          const layer = { name: `${block}_conv${number}`, kernel: 3 };
          if (normalized) {
            x = net.batchNorm(net.convolution(x, filters, layer), `${block}_bn${number}`);
            x = net.relu(x, `${block}_relu${number}`);
          } else {
            x = net.convolution(x, filters, { ...layer, activation: 'relu' });
          }
        }
        x = net.maxPool(x, { name: `${block}_pool`, size: 2, padding: 'valid' });
      });
      x = net.flatten(x);
      // torchvision's, unless another initialiser is asked for.
      const own = options.initializer === standard ? denseInitializers.small() : {};
      for (const layer of ['fc1', 'fc2']) {
        x = net.dense(x, wide(options.hidden), { name: layer, activation: 'relu', ...own });
        x = net.dropout(x, options.dropout, `${layer}_dropout`);
      }
      return net.model(name, input, net.dense(x, shape.classes, { name: 'predictions', ...own }));
    },
  });
}

/** VGG-11, 13, 16 and 19, without and with batch normalization. */
export const vggs: readonly Network[] = ([11, 13, 16, 19] as const).flatMap((depth) => [
  vgg(depth, false),
  vgg(depth, true),
]);
