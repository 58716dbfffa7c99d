import { z } from 'zod';
import type { SymbolicTensor } from '../../base/tf.js';
import { NetworkBuilder, scaled, torchBatchNorm } from '../builder.js';
import { defineNetwork, initializer, multiplier, type Network } from '../define.js';
import { type DenseInitializers, denseInitializers, type InitializerName } from '../initializers.js';

const stages = { 18: [2, 2, 2, 2], 34: [3, 4, 6, 3], 50: [3, 4, 6, 3], 101: [3, 4, 23, 3] } as const;
const source = 'He, Zhang, Ren, Sun 2016, "Deep residual learning for image recognition"';

/** The variables a residual block of torchvision is made of. */
interface TorchBlock {
  readonly net: NetworkBuilder;
  readonly filters: number;
  readonly strides: number;
  readonly path: string;
}

/** Two 3x3 convolutions. */
function basicBlock(x: SymbolicTensor, { net, filters, strides, path }: TorchBlock): SymbolicTensor {
  let y = net.convolution(x, filters, { name: `${path}.conv1`, kernel: 3, strides, padding: 1, useBias: false });
  y = net.relu(net.batchNorm(y, `${path}.bn1`), `${path}.relu1`);
  y = net.convolution(y, filters, { name: `${path}.conv2`, kernel: 3, padding: 1, useBias: false });
  return net.batchNorm(y, `${path}.bn2`);
}

/** 1x1, 3x3 (with the stride, the variant called 1.5), 1x1 to four times the channels. */
function torchBottleneck(x: SymbolicTensor, { net, filters, strides, path }: TorchBlock): SymbolicTensor {
  let y = net.convolution(x, filters, { name: `${path}.conv1`, kernel: 1, useBias: false });
  y = net.relu(net.batchNorm(y, `${path}.bn1`), `${path}.relu1`);
  y = net.convolution(y, filters, { name: `${path}.conv2`, kernel: 3, strides, padding: 1, useBias: false });
  y = net.relu(net.batchNorm(y, `${path}.bn2`), `${path}.relu2`);
  y = net.convolution(y, 4 * filters, { name: `${path}.conv3`, kernel: 1, useBias: false });
  return net.batchNorm(y, `${path}.bn3`);
}

/** torchvision's ResNet without its classifier, layers named as there behind `path`; the last map of each stage, at strides 4 to 32. */
export function torchStages(
  net: NetworkBuilder,
  input: SymbolicTensor,
  options: { readonly depth: keyof typeof stages; readonly widthFactor: number; readonly path?: string },
): SymbolicTensor[] {
  const { depth, widthFactor, path: whole = '' } = options;
  const bottleneck = depth >= 50;
  const stem = scaled(64, widthFactor);
  let x = net.convolution(input, stem, { name: `${whole}conv1`, kernel: 7, strides: 2, padding: 3, useBias: false });
  x = net.relu(net.batchNorm(x, `${whole}bn1`), `${whole}relu`);
  x = net.maxPool(x, { name: `${whole}maxpool`, size: 3, strides: 2, padding: 1 });
  return stages[depth].map((blocks, stage) => {
    const filters = scaled(64 * 2 ** stage, widthFactor);
    for (let index = 0; index < blocks; index++) {
      const path = `${whole}layer${stage + 1}.${index}`;
      const strides = stage > 0 && index === 0 ? 2 : 1;
      const outputs = bottleneck ? 4 * filters : filters;
      const y = (bottleneck ? torchBottleneck : basicBlock)(x, { net, filters, strides, path });
      let shortcut = x;
      if (strides !== 1 || x.shape[3] !== outputs) {
        shortcut = net.convolution(x, outputs, {
          name: `${path}.downsample.0`,
          kernel: 1,
          strides,
          padding: 'valid',
          useBias: false,
        });
        shortcut = net.batchNorm(shortcut, `${path}.downsample.1`);
      }
      x = net.relu(net.add([y, shortcut], `${path}.add`), `${path}.relu`);
    }
    return x;
  });
}

/** torchvision's ResNet, layers named as there; returns the pooled features. */
function torchFeatures(
  net: NetworkBuilder,
  input: SymbolicTensor,
  depth: keyof typeof stages,
  widthFactor: number,
): SymbolicTensor {
  return net.globalAveragePool(torchStages(net, input, { depth, widthFactor }).at(-1) as SymbolicTensor, 'avgpool');
}

/** Keras Applications' ResNet: biases in the convolutions, the stride in the first 1x1; layers named as there. */
function kerasFeatures(
  net: NetworkBuilder,
  input: SymbolicTensor,
  depth: keyof typeof stages,
  widthFactor: number,
): SymbolicTensor {
  let x = net.convolution(input, scaled(64, widthFactor), { name: 'conv1_conv', kernel: 7, strides: 2, padding: 3 });
  x = net.relu(net.batchNorm(x, 'conv1_bn'), 'conv1_relu');
  x = net.maxPool(x, { name: 'pool1_pool', size: 3, strides: 2, padding: 1 });
  stages[depth].forEach((blocks, stage) => {
    const filters = scaled(64 * 2 ** stage, widthFactor);
    for (let index = 0; index < blocks; index++) {
      const path = `conv${stage + 2}_block${index + 1}`;
      const strides = stage > 0 && index === 0 ? 2 : 1;
      let shortcut = x;
      if (index === 0) {
        shortcut = net.convolution(x, 4 * filters, { name: `${path}_0_conv`, kernel: 1, strides, padding: 'valid' });
        shortcut = net.batchNorm(shortcut, `${path}_0_bn`);
      }
      let y = net.convolution(x, filters, { name: `${path}_1_conv`, kernel: 1, strides, padding: 'valid' });
      y = net.relu(net.batchNorm(y, `${path}_1_bn`), `${path}_1_relu`);
      y = net.convolution(y, filters, { name: `${path}_2_conv`, kernel: 3 });
      y = net.relu(net.batchNorm(y, `${path}_2_bn`), `${path}_2_relu`);
      y = net.convolution(y, 4 * filters, { name: `${path}_3_conv`, kernel: 1 });
      y = net.batchNorm(y, `${path}_3_bn`);
      x = net.relu(net.add([shortcut, y], `${path}_add`), `${path}_out`);
    }
  });
  return net.globalAveragePool(x, 'avg_pool');
}

/** torchvision's initialiser of convolutions. */
const standard = 'heNormalFanOut';

/** The classifier's initialisers, those of its source unless others are asked for. */
function classifier(asked: InitializerName, torch: boolean): Partial<DenseInitializers> {
  if (asked !== standard) return {};
  return torch ? denseInitializers.torch() : denseInitializers.keras();
}

function basicResNet(depth: 18 | 34): Network {
  const name = `resnet${depth}`;
  return defineNetwork({
    name,
    title: `ResNet-${depth}`,
    source: `${source}; torchvision`,
    smallestInput: 16,
    defaultInput: 224,
    options: { widthFactor: multiplier(1), initializer: initializer(standard) },
    build(shape, options) {
      const net = new NetworkBuilder({ ...options, batchNorm: torchBatchNorm });
      const input = net.input(shape);
      const features = torchFeatures(net, input, depth, options.widthFactor);
      return net.model(
        name,
        input,
        net.dense(features, shape.classes, { name: 'fc', ...classifier(options.initializer, true) }),
      );
    },
  });
}

/** Keras's epsilon here is PyTorch's plus one part in a thousand, as converted weights of Caffe had it. */
const kerasBatchNorm = { momentum: 0.99, epsilon: 1.001e-5 } as const;

function bottleneckResNet(depth: 50 | 101): Network {
  const name = `resnet${depth}`;
  return defineNetwork({
    name,
    title: `ResNet-${depth}`,
    source: `${source}; Keras Applications or torchvision`,
    smallestInput: 16,
    defaultInput: 224,
    options: {
      variant: z
        .enum(['keras', 'torch'])
        .default('keras')
        .describe('whose weights fit: Keras (biases, stride in the first 1x1) or torchvision (stride in the 3x3)'),
      widthFactor: multiplier(1),
      initializer: initializer(standard),
    },
    build(shape, options) {
      const torch = options.variant === 'torch';
      const net = new NetworkBuilder({ ...options, batchNorm: torch ? torchBatchNorm : kerasBatchNorm });
      const input = net.input(shape);
      const features = (torch ? torchFeatures : kerasFeatures)(net, input, depth, options.widthFactor);
      return net.model(
        name,
        input,
        net.dense(features, shape.classes, {
          name: torch ? 'fc' : 'predictions',
          ...classifier(options.initializer, torch),
        }),
      );
    },
  });
}

/** ResNet-18, 34, 50 and 101. */
export const resNets: readonly Network[] = [
  basicResNet(18),
  basicResNet(34),
  bottleneckResNet(50),
  bottleneckResNet(101),
];
