import { type SymbolicTensor, tf } from '../../base/tf.js';
import { FixedNormalization } from '../../layers/index.js';
import { divisibleBy8, NetworkBuilder } from '../builder.js';
import { defineNetwork, dropoutRate, flag, initializer, multiplier, type Network } from '../define.js';

/** Kernel, repeats, channels in and out, expansion and first stride of the stages of B0 (table 1 of the paper). */
const stages = [
  { kernel: 3, repeats: 1, inputs: 32, outputs: 16, expansion: 1, strides: 1 },
  { kernel: 3, repeats: 2, inputs: 16, outputs: 24, expansion: 6, strides: 2 },
  { kernel: 5, repeats: 2, inputs: 24, outputs: 40, expansion: 6, strides: 2 },
  { kernel: 3, repeats: 3, inputs: 40, outputs: 80, expansion: 6, strides: 2 },
  { kernel: 5, repeats: 3, inputs: 80, outputs: 112, expansion: 6, strides: 1 },
  { kernel: 5, repeats: 4, inputs: 112, outputs: 192, expansion: 6, strides: 2 },
  { kernel: 3, repeats: 1, inputs: 192, outputs: 320, expansion: 6, strides: 1 },
] as const;

/** Compound scaling: factors on channels and repeats, input size, dropout before the logits. */
const scalings = {
  0: { width: 1, depth: 1, input: 224, dropout: 0.2 },
  1: { width: 1, depth: 1.1, input: 240, dropout: 0.2 },
  2: { width: 1.1, depth: 1.2, input: 260, dropout: 0.3 },
} as const;

interface Block {
  readonly name: string;
  readonly kernel: number;
  readonly strides: number;
  readonly inputs: number;
  readonly outputs: number;
  readonly expansion: number;
  readonly dropPath: number;
}

/** Expansion, depthwise convolution, squeeze and excitation, projection, and a residual where shapes allow it. */
function invertedResidual(net: NetworkBuilder, input: SymbolicTensor, block: Block): SymbolicTensor {
  const { name, kernel, strides, inputs, outputs } = block;
  const filters = inputs * block.expansion;
  const swish = (x: SymbolicTensor, bn: string, activation: string) =>
    net.activation(net.batchNorm(x, `${name}${bn}`), 'swish', `${name}${activation}`);
  let x = input;
  if (block.expansion !== 1) {
    x = net.convolution(x, filters, { name: `${name}expand_conv`, kernel: 1, useBias: false });
    x = swish(x, 'expand_bn', 'expand_activation');
  }
  // Keras pads by a layer before a stride; TensorFlow's 'same' is the same border.
  x = net.depthwise(x, { name: `${name}dwconv`, kernel, strides, useBias: false });
  x = swish(x, 'bn', 'activation');
  let gate = net.globalAveragePool(x, `${name}se_squeeze`);
  gate = net.apply(tf.layers.reshape({ targetShape: [1, 1, filters], name: `${name}se_reshape` }), gate);
  const squeezed = Math.max(1, Math.floor(inputs / 4)); // ratio 0.25 of the block's input, as in the authors' code
  gate = net.convolution(gate, squeezed, { name: `${name}se_reduce`, kernel: 1, activation: 'swish' });
  gate = net.convolution(gate, filters, { name: `${name}se_expand`, kernel: 1, activation: 'sigmoid' });
  x = net.multiply([x, gate], `${name}se_excite`);
  x = net.convolution(x, outputs, { name: `${name}project_conv`, kernel: 1, useBias: false });
  x = net.batchNorm(x, `${name}project_bn`);
  if (strides !== 1 || inputs !== outputs) return x;
  return net.add([net.dropPath(x, block.dropPath, `${name}drop`), input], `${name}add`);
}

/**
 * EfficientNet as Keras Applications has it, layers named as there. With `rescaling`, the default, it takes pixels of 0
 * to 255, which it is given unless the configuration normalizes: a rescaling by 1/255 and a normalization by means and
 * variances from the weights file come first, which is why B0 has 5,330,571 parameters, seven of them in that normalization.
 */
function efficientNet(version: keyof typeof scalings): Network {
  const name = `efficientnet-b${version}`;
  const scaling = scalings[version];
  return defineNetwork({
    name,
    title: `EfficientNet-B${version}`,
    source:
      'Tan, Le 2019, "EfficientNet: rethinking model scaling for convolutional neural networks"; Keras Applications',
    smallestInput: 16,
    defaultInput: scaling.input,
    options: {
      rescaling: flag(true, 'rescale pixels of 0 to 255 and normalize inside the network, as Keras does'),
      dropout: dropoutRate(scaling.dropout, 'dropout rate before the logits'),
      dropPath: dropoutRate(0.2, 'largest rate of stochastic depth, growing from 0 at the first block'),
      widthFactor: multiplier(1),
      initializer: initializer('heNormalFanOut'),
    },
    build(shape, options) {
      const net = new NetworkBuilder(options);
      const wide = (channels: number) => divisibleBy8(channels * scaling.width * options.widthFactor);
      const repeated = (repeats: number) => Math.ceil(repeats * scaling.depth);
      const input = net.input(shape);
      let x = input;
      if (options.rescaling) {
        x = net.apply(tf.layers.rescaling({ scale: 1 / 255, offset: 0, name: 'rescaling' }), x);
        x = net.apply(new FixedNormalization({ name: 'normalization' }), x);
      }
      x = net.convolution(x, wide(32), { name: 'stem_conv', kernel: 3, strides: 2, useBias: false });
      x = net.activation(net.batchNorm(x, 'stem_bn'), 'swish', 'stem_activation');
      const total = stages.reduce((sum, stage) => sum + repeated(stage.repeats), 0);
      let index = 0;
      stages.forEach((stage, number) => {
        for (let repeat = 0; repeat < repeated(stage.repeats); repeat++, index++) {
          x = invertedResidual(net, x, {
            name: `block${number + 1}${String.fromCharCode(97 + repeat)}_`,
            kernel: stage.kernel,
            strides: repeat === 0 ? stage.strides : 1,
            inputs: wide(repeat === 0 ? stage.inputs : stage.outputs),
            outputs: wide(stage.outputs),
            expansion: stage.expansion,
            dropPath: (options.dropPath * index) / total,
          });
        }
      });
      x = net.convolution(x, wide(1280), { name: 'top_conv', kernel: 1, useBias: false });
      x = net.activation(net.batchNorm(x, 'top_bn'), 'swish', 'top_activation');
      x = net.dropout(net.globalAveragePool(x, 'avg_pool'), options.dropout, 'top_dropout');
      const dense = tf.initializers.varianceScaling({ scale: 1 / 3, mode: 'fanOut', distribution: 'uniform' });
      return net.model(name, input, net.dense(x, shape.classes, { name: 'predictions', initializer: dense }));
    },
  });
}

/** EfficientNet-B0, B1 and B2. */
export const efficientNets: readonly Network[] = [efficientNet(0), efficientNet(1), efficientNet(2)];
