import type { LayersModel } from '../../base/tf.js';
import { NetworkBuilder, scaled } from '../builder.js';
import { count, defineNetwork, dropoutRate, initializer, multiplier, type NetworkShape } from '../define.js';
import type { InitializerName } from '../initializers.js';

/** A plain CNN: convolutions with ReLU, each followed by a pooling of 2, a hidden dense layer or none, and the logits. */
interface PlainCnn {
  readonly name: string;
  readonly channels: readonly number[];
  readonly kernel: number;
  readonly padding: 'same' | 'valid';
}

interface PlainCnnOptions {
  readonly widthFactor: number;
  readonly hidden?: number;
  readonly dropout: number;
  readonly initializer: InitializerName;
}

function plainCnn(
  { name, channels, kernel, padding }: PlainCnn,
  shape: NetworkShape,
  options: PlainCnnOptions,
): LayersModel {
  const net = new NetworkBuilder(options);
  const wide = (size: number) => scaled(size, options.widthFactor);
  const input = net.input(shape);
  let x = input;
  channels.forEach((filters, index) => {
    x = net.convolution(x, wide(filters), { name: `conv${index + 1}`, kernel, padding, activation: 'relu' });
    x = net.maxPool(x, { name: `pool${index + 1}`, size: 2, padding: 'valid' });
  });
  x = net.flatten(x);
  if (options.hidden !== undefined) x = net.dense(x, wide(options.hidden), { name: 'dense1', activation: 'relu' });
  x = net.dropout(x, options.dropout, 'dropout');
  return net.model(name, input, net.dense(x, shape.classes, { name: 'logits' }));
}

const plainOptions = { widthFactor: multiplier(1), dropout: dropoutRate(0, 'dropout rate before the logits') };

/** Two 3x3 convolutions, each with a pooling, and two dense layers; over 99% on MNIST. */
export const mnistCnn = defineNetwork({
  name: 'mnist-cnn',
  title: 'Small CNN for MNIST',
  source: 'the usual first CNN of PyTorch and Keras courses',
  smallestInput: 10,
  defaultInput: 28,
  defaultChannels: 1,
  defaultClasses: 10,
  options: {
    ...plainOptions,
    hidden: count(128, 'units of the hidden dense layer'),
    initializer: initializer('glorotUniform'),
  },
  build: (shape, options) =>
    plainCnn({ name: 'mnist-cnn', channels: [32, 64], kernel: 3, padding: 'valid' }, shape, options),
});

/** Two 5x5 convolutions, each with a pooling, and the logits. */
export const fashionMnistCnn = defineNetwork({
  name: 'fashion-mnist-cnn',
  title: 'Small CNN for Fashion-MNIST',
  source: 'Keras course network, 5x5 convolutions of 32 and 64',
  smallestInput: 16,
  defaultInput: 28,
  defaultChannels: 1,
  defaultClasses: 10,
  options: { ...plainOptions, initializer: initializer('glorotUniform') },
  build: (shape, options) =>
    plainCnn({ name: 'fashion-mnist-cnn', channels: [32, 64], kernel: 5, padding: 'valid' }, shape, options),
});

/** Three 3x3 convolutions with poolings and a small dense layer, for the embedded 32x32 shapes. */
export const shapesCnn = defineNetwork({
  name: 'shapes-cnn',
  title: 'Small CNN for the embedded shapes',
  source: 'convoy',
  smallestInput: 8,
  defaultInput: 32,
  defaultClasses: 10,
  options: {
    ...plainOptions,
    hidden: count(64, 'units of the hidden dense layer'),
    initializer: initializer('heUniform'),
  },
  build: (shape, options) =>
    plainCnn({ name: 'shapes-cnn', channels: [16, 32, 64], kernel: 3, padding: 'same' }, shape, options),
});

/** Two 3x3 convolutions with dropout between, a pooling, and a dense layer of 512: 4.2 million parameters. */
export const cifar10Cnn = defineNetwork({
  name: 'cifar10-cnn',
  title: 'Simple CNN for CIFAR-10',
  source: 'Keras tutorial network with dropout 0.3 and 0.5',
  smallestInput: 2,
  defaultInput: 32,
  defaultClasses: 10,
  options: {
    widthFactor: multiplier(1),
    hidden: count(512, 'units of the hidden dense layer'),
    dropoutConvolution: dropoutRate(0.3, 'dropout rate between the convolutions'),
    dropoutDense: dropoutRate(0.5, 'dropout rate before the logits'),
    initializer: initializer('glorotUniform'),
  },
  build(shape, options) {
    const net = new NetworkBuilder(options);
    const input = net.input(shape);
    const wide = (channels: number) => scaled(channels, options.widthFactor);
    let x = net.convolution(input, wide(32), { name: 'conv1', kernel: 3, activation: 'relu' });
    x = net.dropout(x, options.dropoutConvolution, 'dropout1');
    x = net.convolution(x, wide(32), { name: 'conv2', kernel: 3, activation: 'relu' });
    x = net.maxPool(x, { name: 'pool1', size: 2, padding: 'valid' });
    x = net.dense(net.flatten(x), wide(options.hidden), { name: 'dense1', activation: 'relu' });
    x = net.dropout(x, options.dropoutDense, 'dropout2');
    return net.model('cifar10-cnn', input, net.dense(x, shape.classes, { name: 'logits' }));
  },
});
