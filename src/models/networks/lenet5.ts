import { z } from 'zod';
import { NetworkBuilder, scaled } from '../builder.js';
import { defineNetwork, initializer, multiplier } from '../define.js';

/**
 * LeNet-5 as courses build it: 61,706 parameters on 32x32 grey images (or 28x28 padded by 2, as in the paper). The paper's
 * partial connection table of C3 and its radial basis outputs are left out, as everywhere today.
 */
export const lenet5 = defineNetwork({
  name: 'lenet5',
  title: 'LeNet-5',
  source: 'LeCun, Bottou, Bengio, Haffner 1998, "Gradient-based learning applied to document recognition"',
  smallestInput: 12,
  defaultInput: 28,
  defaultChannels: 1,
  defaultClasses: 10,
  options: {
    activation: z.enum(['tanh', 'relu', 'sigmoid']).default('tanh').describe('activation of every hidden layer'),
    pooling: z.enum(['average', 'max']).default('average').describe('kind of pooling'),
    widthFactor: multiplier(1),
    initializer: initializer('glorotUniform'),
  },
  build(shape, options) {
    const net = new NetworkBuilder(options);
    const { activation } = options;
    const input = net.input(shape);
    const wide = (channels: number) => scaled(channels, options.widthFactor);
    const pool = (x: typeof input, name: string) =>
      options.pooling === 'max'
        ? net.maxPool(x, { name, size: 2, padding: 'valid' })
        : net.averagePool(x, { name, size: 2, padding: 'valid' });
    // Inputs below 32 get the paper's border: 28x28 digits in 32x32.
    const border = Math.min(shape.height, shape.width) < 32 ? 2 : 0;
    let x = net.convolution(input, wide(6), { name: 'c1', kernel: 5, padding: border, activation });
    x = pool(x, 's2');
    x = net.convolution(x, wide(16), { name: 'c3', kernel: 5, padding: 'valid', activation });
    x = pool(x, 's4');
    x = net.dense(net.flatten(x), wide(120), { name: 'c5', activation });
    x = net.dense(x, wide(84), { name: 'f6', activation });
    return net.model('lenet5', input, net.dense(x, shape.classes, { name: 'logits' }));
  },
});
