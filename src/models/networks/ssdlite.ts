import { z } from 'zod';
import { valueError } from '../../base/errors.js';
import { type SymbolicTensor, tf } from '../../base/tf.js';
import { ssdBoxesPerCell } from '../../boxes/index.js';
import { DefaultBoxes } from '../../layers/index.js';
import { divisibleBy8, NetworkBuilder } from '../builder.js';
import { defineNetwork, initializer, multiplier, type Network, type NetworkShape } from '../define.js';
import { encoderLevels } from '../encoder-levels.js';
import { mobilenetV3 } from './mobilenet-v3.js';

/** torchvision's SSDlite; its momentum 0.03 is 0.97 as Keras counts it. */
const batchNorm = { momentum: 0.97, epsilon: 1e-3 } as const;

/** Channels of the maps behind the encoder's, each half the size of the one before. */
const extraChannels = [512, 256, 256, 128];

/**
 * SSDlite: default boxes of several sizes and proportions in the cells of several maps, and depthwise separable convolutions that say of
 * each box what its class is and how it differs from the object's box.
 *
 * @param networkNamed the registry's, for encoders.
 */
export function ssdlite(networkNamed: (name: string) => Network): Network {
  return defineNetwork({
    name: 'ssdlite',
    title: 'SSDlite: a detector in one stage with default boxes, on MobileNet v3 large',
    source:
      'Howard et al. 2019, "Searching for MobileNetV3"; Liu et al. 2016 (SSD); torchvision\'s ssdlite320_mobilenet_v3_large',
    smallestInput: 32,
    defaultInput: 320,
    defaultClasses: 90,
    gives: 'boxes',
    options: {
      encoder: z
        .string()
        .optional()
        .describe('another network as encoder, as mobilenet-v2, instead of MobileNet v3 large'),
      finestStride: z
        .union([z.literal(4), z.literal(8), z.literal(16)])
        .default(16)
        .describe('pixels between the cells of the first map that predicts: 16, of another encoder also 4 or 8'),
      levels: z
        .int()
        .min(1)
        .max(6)
        .default(6)
        .describe('maps that predict, each half the size of the one before; fewer where one has a single cell'),
      widthFactor: multiplier(1, 'factor on the channels of MobileNet v3 and of the maps behind the encoder'),
      initializer: initializer('heNormal'),
    },
    build(shape, options) {
      const net = new NetworkBuilder({ initializer: options.initializer, batchNorm });
      const strides = stridesOf(shape, options);
      const { input, maps } = encoded(net, shape, options, networkNamed);
      const used = maps.slice(0, strides.length);
      while (used.length < strides.length)
        used.push(smaller(net, used, used.length - maps.length, options.widthFactor));
      const rows = used.map((map, level) => predictions(net, map, level, shape.classes));
      const [first] = rows;
      const all =
        rows.length === 1 && first ? first : net.apply(tf.layers.concatenate({ name: 'head', axis: 1 }), rows);
      const image = [shape.height, shape.width];
      return net.model('ssdlite', input, net.apply(new DefaultBoxes({ name: 'predictions', image, strides }), all));
    },
  });
}

/** Strides of the maps: none follows one of a single cell. */
function stridesOf(
  { height, width }: { readonly height: number; readonly width: number },
  { finestStride, levels }: { readonly finestStride: number; readonly levels: number },
): number[] {
  const strides = [finestStride];
  while (strides.length < levels && (strides.at(-1) ?? 0) < Math.max(height, width))
    strides.push(2 * (strides.at(-1) ?? 0));
  return strides;
}

/** The encoder's maps from the finest stride on. */
function encoded(
  net: NetworkBuilder,
  shape: NetworkShape,
  { encoder, finestStride, widthFactor }: { encoder?: string | undefined; finestStride: number; widthFactor: number },
  networkNamed: (name: string) => Network,
): { readonly input: SymbolicTensor; readonly maps: SymbolicTensor[] } {
  if (encoder === undefined) {
    if (finestStride !== 16)
      throw valueError('ssdlite.finestStride', '16, or an encoder of another name', finestStride);
    const { input, levels } = mobilenetV3(net, shape, widthFactor);
    return { input, maps: [...levels] };
  }
  const { input, levels } = encoderLevels(networkNamed(encoder), shape, 'ssdlite');
  const maps = levels.slice(Math.log2(finestStride));
  const coarsest = 2 ** (levels.length - 1);
  if (maps.length === 0)
    throw valueError('ssdlite.finestStride', `at most ${coarsest}, the coarsest stride of the encoder,`, finestStride);
  return { input, maps };
}

type Named = { readonly name: string; readonly kernel: number; readonly strides?: number };

/** A convolution without bias, its normalization and ReLU6; `name` is the module's. */
function normalized(net: NetworkBuilder, x: SymbolicTensor, name: string): SymbolicTensor {
  return net.activation(net.batchNorm(x, `${name}.1`), 'relu6', `${name}.2`);
}

function depthwise(net: NetworkBuilder, x: SymbolicTensor, { name, kernel, strides = 1 }: Named): SymbolicTensor {
  return normalized(net, net.depthwise(x, { name: `${name}.0`, kernel, strides, padding: 1, useBias: false }), name);
}

/** A map of half the size: 1x1 to half the channels, depthwise 3x3, 1x1. */
function smaller(net: NetworkBuilder, maps: readonly SymbolicTensor[], place: number, factor: number): SymbolicTensor {
  const name = `backbone.extra.${place}`;
  const outputs = divisibleBy8((extraChannels[place] ?? 128) * factor);
  const pointwise = (x: SymbolicTensor, filters: number, own: string): SymbolicTensor =>
    normalized(net, net.convolution(x, filters, { name: `${own}.0`, kernel: 1, useBias: false }), own);
  const x = pointwise(maps.at(-1) as SymbolicTensor, outputs / 2, `${name}.0`);
  return pointwise(depthwise(net, x, { name: `${name}.1`, kernel: 3, strides: 2 }), outputs, `${name}.2`);
}

/** Of each default box of a map, [batch, boxes, 4 + 1 + classes]: offsets, and logits of the background and the classes. */
function predictions(net: NetworkBuilder, map: SymbolicTensor, level: number, classes: number): SymbolicTensor {
  const [, height = 0, width = 0] = map.shape as number[];
  const head = (kind: string, length: number): SymbolicTensor => {
    const name = `head.${kind}_head.module_list.${level}`;
    const x = depthwise(net, map, { name: `${name}.0`, kernel: 3 });
    // torchvision's: normal with a deviation of 0.03.
    const kernelInitializer = tf.initializers.randomNormal({ mean: 0, stddev: 0.03 });
    const filters = ssdBoxesPerCell * length;
    const all = net.apply(tf.layers.conv2d({ name: `${name}.1`, filters, kernelSize: 1, kernelInitializer }), x);
    const targetShape = [height * width * ssdBoxesPerCell, length];
    return net.apply(tf.layers.reshape({ name: `${name}.rows`, targetShape }), all);
  };
  return net.concatenate([head('regression', 4), head('classification', 1 + classes)], `head.${level}`);
}
