import { z } from 'zod';
import { NetworkBuilder, scaled } from '../builder.js';
import { defineNetwork, dropoutRate, initializer, multiplier } from '../define.js';

/** Fully connected layers on the raw pixels: what convolutional networks are compared with. */
export const mlp = defineNetwork({
  name: 'mlp',
  title: 'Multilayer perceptron',
  source: 'Rumelhart, Hinton, Williams 1986',
  smallestInput: 1,
  defaultInput: 28,
  defaultChannels: 1,
  defaultClasses: 10,
  options: {
    hidden: z.array(z.int().min(1).max(65_536)).max(64).default([512, 256]).describe('units of each hidden layer'),
    activation: z.enum(['relu', 'sigmoid', 'tanh', 'gelu']).default('relu').describe('activation of the hidden layers'),
    dropout: dropoutRate(0, 'dropout rate after each hidden layer'),
    widthFactor: multiplier(1, 'factor on the units of the hidden layers'),
    initializer: initializer('glorotUniform'),
  },
  build(shape, options) {
    const net = new NetworkBuilder(options);
    const input = net.input(shape);
    let x = net.flatten(input);
    options.hidden.forEach((units, index) => {
      x = net.dense(x, scaled(units, options.widthFactor), {
        name: `dense${index + 1}`,
        activation: options.activation,
      });
      x = net.dropout(x, options.dropout, `dropout${index + 1}`);
    });
    return net.model('mlp', input, net.dense(x, shape.classes, { name: 'logits' }));
  },
});
