import { tf } from '../../base/tf.js';
import { Whitening } from '../../layers/index.js';
import { NetworkBuilder, scaled, torchBatchNorm } from '../builder.js';
import { count, defineNetwork, initializer, multiplier } from '../define.js';

/** Channels of the blocks. */
const widths = [64, 128, 256] as const;

/** Makes up for the size of maxima of normalized values: 1/9, near Page's 1/8, as Jordan has it. */
const logitScale = 1 / 9;

/**
 * A plain CNN made for training time on two cores: a frozen 2x2 convolution that whitens patches (its weights are computed
 * from the training images), then blocks of 3x3 convolutions, whose first is followed by a pooling at once, so that
 * normalization and ReLU have a quarter of the values to do, and logits of the largest value of each channel.
 * Normalizations have no gamma, as the ReLU and the normalization behind make it idle.
 */
export const cifar10Fast = defineNetwork({
  name: 'cifar10-fast',
  title: 'Network for quick training on CIFAR-10',
  source: "after David Page's ResNet-9 for DAWNBench (2018) and Keller Jordan's airbench94 (2024)",
  smallestInput: 9,
  defaultInput: 32,
  defaultClasses: 10,
  options: {
    widthFactor: multiplier(1),
    convolutions: count(2, 'convolutions of a block'),
    initializer: initializer('heNormal'),
  },
  build(shape, options) {
    const net = new NetworkBuilder({ ...options, batchNorm: torchBatchNorm });
    const input = net.input(shape);
    const whitening = tf.layers.conv2d({
      name: 'whitening',
      filters: 8 * shape.channels, // the axes of a patch of 2x2, and their negatives
      kernelSize: 2,
      padding: 'valid',
      kernelInitializer: Whitening.className,
      trainable: false,
    });
    let x = net.relu(net.apply(whitening, input), 'whitening.relu');
    widths.forEach((width, block) => {
      for (let index = 0; index < options.convolutions; index++) {
        const path = `block${block + 1}.${index}`;
        x = net.convolution(x, scaled(width, options.widthFactor), { name: `${path}.conv`, kernel: 3, useBias: false });
        if (index === 0) x = net.maxPool(x, { name: `${path}.pool`, size: 2, padding: 'valid' });
        x = net.relu(net.batchNorm(x, `${path}.bn`, { scale: false }), `${path}.relu`);
      }
    });
    x = net.apply(tf.layers.globalMaxPooling2d({ name: 'pool' }), x);
    // Before the logits, so that these are the last layer, which a base's new head replaces.
    x = net.apply(tf.layers.rescaling({ scale: logitScale, offset: 0, name: 'scale' }), x);
    return net.model('cifar10-fast', input, net.dense(x, shape.classes, { name: 'logits', useBias: false }));
  },
});
