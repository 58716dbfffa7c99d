import { z } from 'zod';
import { type SymbolicTensor, tf } from '../../base/tf.js';
import { divisibleBy8, NetworkBuilder, torchBatchNorm } from '../builder.js';
import { defineNetwork, dropoutRate, initializer, multiplier } from '../define.js';

/** Channels and stride of the 13 depthwise separable blocks (table 1 of the paper). */
const blocks: readonly (readonly [channels: number, strides: 1 | 2])[] = [
  [64, 1],
  [128, 2],
  [128, 1],
  [256, 2],
  [256, 1],
  [512, 2],
  [512, 1],
  [512, 1],
  [512, 1],
  [512, 1],
  [512, 1],
  [1024, 2],
  [1024, 1],
];

/** MobileNet v1 as Keras Applications has it (4,253,864 parameters at 1,000 classes); layers named as there. */
export const mobilenetV1 = defineNetwork({
  name: 'mobilenet-v1',
  title: 'MobileNet v1',
  source: 'Howard et al. 2017, "MobileNets"; Keras Applications',
  smallestInput: 16,
  defaultInput: 224,
  options: {
    widthFactor: multiplier(1, 'factor on every number of channels (alpha of the paper)'),
    dropout: dropoutRate(0.001),
    initializer: initializer('glorotUniform'),
  },
  build(shape, options) {
    const net = new NetworkBuilder(options);
    const wide = (channels: number) => Math.max(1, Math.floor(channels * options.widthFactor));
    const input = net.input(shape);
    let x = net.convolution(input, wide(32), { name: 'conv1', kernel: 3, strides: 2, useBias: false });
    x = net.activation(net.batchNorm(x, 'conv1_bn'), 'relu6', 'conv1_relu');
    blocks.forEach(([channels, strides], index) => {
      const number = index + 1;
      const odd = strides === 2 && [x.shape[1], x.shape[2]].some((size) => size !== 1 && (size ?? 0) % 2 === 1);
      // Keras pads below and right; where sizes are even that is TensorFlow's own 'same', without a layer.
      if (odd)
        x = net.zeroPad(
          x,
          [
            [0, 1],
            [0, 1],
          ],
          `conv_pad_${number}`,
        );
      const padding = odd ? 'valid' : 'same';
      x = net.depthwise(x, { name: `conv_dw_${number}`, kernel: 3, strides, padding, useBias: false });
      x = net.activation(net.batchNorm(x, `conv_dw_${number}_bn`), 'relu6', `conv_dw_${number}_relu`);
      x = net.convolution(x, wide(channels), { name: `conv_pw_${number}`, kernel: 1, useBias: false });
      x = net.activation(net.batchNorm(x, `conv_pw_${number}_bn`), 'relu6', `conv_pw_${number}_relu`);
    });
    // Keras classifies by a 1x1 convolution over one pixel; kept, so that its weights fit.
    x = net.globalAveragePool(x, 'global_average_pooling2d');
    x = net.apply(tf.layers.reshape({ targetShape: [1, 1, x.shape[1] ?? 1], name: 'reshape_1' }), x);
    x = net.dropout(x, options.dropout, 'dropout');
    x = net.convolution(x, shape.classes, { name: 'conv_preds', kernel: 1 });
    return net.model(
      'mobilenet-v1',
      input,
      net.apply(tf.layers.reshape({ targetShape: [shape.classes], name: 'reshape_2' }), x),
    );
  },
});

/** Expansion, channels, repeats and first stride of the inverted residual stages (table 2 of the paper). */
const stages: readonly (readonly [expansion: number, channels: number, repeats: number, strides: 1 | 2])[] = [
  [1, 16, 1, 1],
  [6, 24, 2, 2],
  [6, 32, 3, 2],
  [6, 64, 4, 2],
  [6, 96, 3, 1],
  [6, 160, 3, 2],
  [6, 320, 1, 1],
];

/** Names of a convolution and its norm. */
type Pair = readonly [convolution: string, norm: string];

/** What Keras or torchvision call the layers of MobileNet v2, blocks counted from 0. */
interface Names {
  readonly stem: Pair;
  readonly expand: (block: number) => Pair;
  readonly depthwise: (block: number) => Pair;
  readonly project: (block: number) => Pair;
  readonly top: Pair;
  readonly classifier: string;
}

function kerasPair(block: number, layer: string): Pair {
  const name = `${block === 0 ? 'expanded_conv' : `block_${block}`}_${layer}`;
  return [name, `${name}_BN`];
}

const kerasNames: Names = {
  stem: ['Conv1', 'bn_Conv1'],
  expand: (block) => kerasPair(block, 'expand'),
  depthwise: (block) => kerasPair(block, 'depthwise'),
  project: (block) => kerasPair(block, 'project'),
  top: ['Conv_1', 'Conv_1_bn'],
  classifier: 'predictions',
};

/** The first block has no expansion, so that its layers stand one earlier. */
const torchNames: Names = {
  stem: ['features.0.0', 'features.0.1'],
  expand: (block) => [`features.${block + 1}.conv.0.0`, `features.${block + 1}.conv.0.1`],
  depthwise: (block) => {
    const path = `features.${block + 1}.conv.${block === 0 ? 0 : 1}`;
    return [`${path}.0`, `${path}.1`];
  },
  project: (block) => {
    const place = block === 0 ? 1 : 2;
    return [`features.${block + 1}.conv.${place}`, `features.${block + 1}.conv.${place + 1}`];
  },
  top: ['features.18.0', 'features.18.1'],
  classifier: 'classifier.1',
};

/** MobileNet v2 as Keras Applications (3,538,984 parameters at 1,000 classes) or torchvision have it; layers named as there. */
export const mobilenetV2 = defineNetwork({
  name: 'mobilenet-v2',
  title: 'MobileNet v2',
  source:
    'Sandler et al. 2018, "MobileNetV2: inverted residuals and linear bottlenecks"; Keras Applications or torchvision',
  smallestInput: 16,
  defaultInput: 224,
  options: {
    variant: z
      .enum(['keras', 'torch'])
      .default('keras')
      .describe('whose weights fit: Keras (strides pad below and right) or torchvision and timm (they pad all sides)'),
    widthFactor: multiplier(1, 'factor on every number of channels (alpha of the paper)'),
    dropout: dropoutRate(0, 'dropout rate before the logits (torchvision trains with 0.2)'),
    initializer: initializer('glorotUniform'),
  },
  build(shape, options) {
    const torch = options.variant === 'torch';
    const batchNorm = torch ? torchBatchNorm : ({ momentum: 0.999, epsilon: 1e-3 } as const);
    const net = new NetworkBuilder({ ...options, batchNorm });
    const padding = torch ? 1 : 'same';
    const named = torch ? torchNames : kerasNames;
    const alpha = options.widthFactor;
    const normalized = (x: SymbolicTensor, bn: string, relu: string) =>
      net.activation(net.batchNorm(x, bn), 'relu6', relu);
    const input = net.input(shape);
    const stem = { name: named.stem[0], kernel: 3, strides: 2, padding, useBias: false } as const;
    let x = normalized(net.convolution(input, divisibleBy8(32 * alpha), stem), named.stem[1], 'Conv1_relu');
    let block = 0;
    for (const [expansion, channels, repeats, firstStrides] of stages) {
      for (let repeat = 0; repeat < repeats; repeat++, block++) {
        const strides = repeat === 0 ? firstStrides : 1;
        const prefix = block === 0 ? 'expanded_conv' : `block_${block}`;
        const inputs = x.shape[3] ?? 1;
        const filters = divisibleBy8(Math.floor(channels * alpha));
        let y = x;
        if (block > 0) {
          const [name, norm] = named.expand(block);
          y = net.convolution(y, expansion * inputs, { name, kernel: 1, useBias: false });
          y = normalized(y, norm, `${prefix}_expand_relu`);
        }
        const [depthwise, norm] = named.depthwise(block);
        y = net.depthwise(y, { name: depthwise, kernel: 3, strides, padding, useBias: false });
        y = normalized(y, norm, `${prefix}_depthwise_relu`);
        const [project, projectNorm] = named.project(block);
        y = net.convolution(y, filters, { name: project, kernel: 1, useBias: false });
        y = net.batchNorm(y, projectNorm);
        x = strides === 1 && inputs === filters ? net.add([x, y], `${prefix}_add`) : y;
      }
    }
    x = net.convolution(x, alpha > 1 ? divisibleBy8(1280 * alpha) : 1280, {
      name: named.top[0],
      kernel: 1,
      useBias: false,
    });
    x = normalized(x, named.top[1], 'out_relu');
    x = net.dropout(net.globalAveragePool(x, 'global_average_pooling2d'), options.dropout, 'dropout');
    return net.model('mobilenet-v2', input, net.dense(x, shape.classes, { name: named.classifier }));
  },
});
