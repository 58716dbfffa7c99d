import { NetworkBuilder, scaled } from '../builder.js';
import { count, defineNetwork, dropoutRate, initializer, multiplier } from '../define.js';

/**
 * AlexNet in its one-tower form, as torchvision has it (61,100,840 parameters at 224x224 and 1,000 classes), layers
 * named as there. Where torchvision pools the last features to 6x6 whatever the input, here the first dense layer takes
 * them as they are, so its size follows the input's (the same at 224x224).
 */
export const alexnet = defineNetwork({
  name: 'alexnet',
  title: 'AlexNet',
  source: 'Krizhevsky 2014, "One weird trick for parallelizing convolutional neural networks"; torchvision',
  smallestInput: 63,
  defaultInput: 224,
  options: {
    dropout: dropoutRate(0.5, 'dropout rate before each hidden dense layer'),
    hidden: count(4096, 'units of the hidden dense layers'),
    widthFactor: multiplier(1),
    initializer: initializer('pytorchUniform'),
  },
  build(shape, options) {
    const net = new NetworkBuilder(options);
    const wide = (channels: number) => scaled(channels, options.widthFactor);
    const input = net.input(shape);
    let x = net.convolution(input, wide(64), {
      name: 'features.0',
      kernel: 11,
      strides: 4,
      padding: 2,
      activation: 'relu',
    });
    x = net.maxPool(x, { name: 'features.2', size: 3, strides: 2, padding: 'valid' });
    x = net.convolution(x, wide(192), { name: 'features.3', kernel: 5, padding: 2, activation: 'relu' });
    x = net.maxPool(x, { name: 'features.5', size: 3, strides: 2, padding: 'valid' });
    x = net.convolution(x, wide(384), { name: 'features.6', kernel: 3, padding: 1, activation: 'relu' });
    x = net.convolution(x, wide(256), { name: 'features.8', kernel: 3, padding: 1, activation: 'relu' });
    x = net.convolution(x, wide(256), { name: 'features.10', kernel: 3, padding: 1, activation: 'relu' });
    x = net.maxPool(x, { name: 'features.12', size: 3, strides: 2, padding: 'valid' });
    x = net.dropout(net.flatten(x), options.dropout, 'classifier.0');
    x = net.dense(x, wide(options.hidden), { name: 'classifier.1', activation: 'relu' });
    x = net.dropout(x, options.dropout, 'classifier.3');
    x = net.dense(x, wide(options.hidden), { name: 'classifier.4', activation: 'relu' });
    return net.model('alexnet', input, net.dense(x, shape.classes, { name: 'classifier.6' }));
  },
});
