import { z } from 'zod';
import { valueError } from '../../base/errors.js';
import { type LayersModel, type SymbolicTensor, tf } from '../../base/tf.js';
import { BoxPoints } from '../../layers/index.js';
import { NetworkBuilder, torchBatchNorm } from '../builder.js';
import { count, defineNetwork, flag, initializer, type Network, type NetworkShape } from '../define.js';
import { type EncoderLevels, encoderLevels } from '../encoder-levels.js';
import { initializerNamed, type LayerInitializer } from '../initializers.js';

type Layer = LayersModel['layers'][number];

/** Probability that all points begin with: Lin et al. 2017, section 4.1. */
const prior = 0.01;

/**
 * A detector without anchors in one stage: feature maps of several sizes, joined from the coarsest to the finest, and towers of
 * convolutions that say for each cell which class its object has and how far the object's sides are.
 *
 * @param networkNamed the registry's, for encoders.
 */
export function detector(networkNamed: (name: string) => Network): Network {
  return defineNetwork({
    name: 'detector',
    title: 'Detector in one stage without anchors: boxes with a score for each class',
    source:
      'Tian et al. 2019 (FCOS) without centre-ness; feature pyramid of Lin et al. 2017; classes rated by the quality of the box (Li et al. 2020)',
    smallestInput: ({ finestStride, levels }) => finestStride * 2 ** (levels - 1),
    defaultInput: 128,
    defaultClasses: 10,
    gives: 'boxes',
    options: {
      filters: count(16, 'channels of the first level of its own encoder; each further one has twice as many'),
      blocks: z.int().min(0).max(32).default(1).describe('residual blocks of each level of its own encoder'),
      encoder: z
        .string()
        .optional()
        .describe('another network as encoder, as resnet18; filters and blocks are then those of its levels'),
      finestStride: z
        .union([z.literal(2), z.literal(4), z.literal(8), z.literal(16)])
        .default(8)
        .describe('pixels between the points of the finest level: 2, 4, 8 or 16'),
      levels: z.int().min(1).max(6).default(3).describe('feature maps that predict, each with twice the stride'),
      pyramid: count(64, 'channels of the feature pyramid and of the towers'),
      depth: z.int().min(0).max(8).default(2).describe('convolutions of 3x3 of each tower'),
      shared: flag(false, 'one tower for all levels, its normalizations excepted, instead of one for each'),
      initializer: initializer('heNormal'),
    },
    build(shape, options) {
      const strides = Array.from({ length: options.levels }, (_, level) => options.finestStride * 2 ** level);
      const coarsest = strides.at(-1) ?? options.finestStride;
      if (shape.height % coarsest !== 0 || shape.width % coarsest !== 0) {
        throw valueError(
          'the images of detector',
          `height and width that are multiples of its coarsest stride, ${coarsest} (--image-size in a command line)`,
          [shape.height, shape.width],
        );
      }
      const net = new NetworkBuilder({ initializer: options.initializer, batchNorm: torchBatchNorm });
      const { input, levels } =
        options.encoder === undefined
          ? ownEncoder(net, shape, coarsest, options)
          : encoderLevels(networkNamed(options.encoder), shape, 'detector');
      const maps = pyramid(net, levels, strides, options.pyramid);
      const kernel = initializerNamed(options.initializer);
      const rows = heads(net, maps, strides, { ...options, classes: shape.classes, kernel });
      const all = rows.length === 1 ? (rows[0] as SymbolicTensor) : concatenateRows(net, rows);
      const image = [shape.height, shape.width];
      return net.model('detector', input, net.apply(new BoxPoints({ name: 'predictions', image, strides }), all));
    },
  });
}

/** Rows of all levels behind each other, the finest first. */
function concatenateRows(net: NetworkBuilder, rows: SymbolicTensor[]): SymbolicTensor {
  return net.apply(tf.layers.concatenate({ name: 'points', axis: 1 }), rows);
}

function normalized(net: NetworkBuilder, x: SymbolicTensor, filters: number, name: string, strides = 1) {
  const convolved = net.convolution(x, filters, { name: `${name}_conv`, kernel: 3, strides, useBias: false });
  return net.batchNorm(convolved, `${name}_bn`);
}

/** Levels at strides 1, 2, 4, ... up to the coarsest: a convolution that halves the size, then residual blocks (He et al. 2016). */
function ownEncoder(
  net: NetworkBuilder,
  shape: NetworkShape,
  coarsest: number,
  { filters, blocks }: { readonly filters: number; readonly blocks: number },
): EncoderLevels {
  const input = net.input(shape);
  const levels: SymbolicTensor[] = [input];
  let x: SymbolicTensor = input;
  for (let level = 1; 2 ** level <= coarsest; level++) {
    const width = filters * 2 ** (level - 1);
    const name = `down${level}`;
    x = net.relu(normalized(net, x, width, name, 2), `${name}_relu`);
    // At half the size a block would cost as much as all others together.
    for (let block = 1; level > 1 && block <= blocks; block++) {
      const own = `${name}_block${block}`;
      const inner = net.relu(normalized(net, x, width, `${own}_1`), `${own}_1_relu`);
      x = net.relu(net.add([x, normalized(net, inner, width, `${own}_2`)], `${own}_add`), `${own}_relu`);
    }
    levels.push(x);
  }
  return { input, levels };
}

/**
 * Feature pyramid (Lin et al. 2017): a map of `width` channels for each stride. Where the encoder has no map of a stride, the map
 * before is halved by a convolution, as P6 of FCOS is.
 */
function pyramid(
  net: NetworkBuilder,
  encoded: EncoderLevels['levels'],
  strides: readonly number[],
  width: number,
): SymbolicTensor[] {
  const given = strides.flatMap((stride) => encoded[Math.log2(stride)] ?? []);
  if (given.length === 0) {
    const coarsest = 2 ** (encoded.length - 1);
    throw valueError('detector.finestStride', `at most ${coarsest}, the coarsest stride of the encoder,`, strides[0]);
  }
  const level = (place: number): string => `p${Math.log2(strides[place] as number)}`;
  const maps: SymbolicTensor[] = [];
  for (let place = given.length - 1; place >= 0; place--) {
    const name = level(place);
    let x = net.convolution(given[place] as SymbolicTensor, width, { name: `${name}_lateral`, kernel: 1 });
    const above = maps[0];
    if (above !== undefined) {
      const larger = net.apply(
        tf.layers.upSampling2d({ name: `${name}_up`, size: [2, 2], interpolation: 'nearest' }),
        above,
      );
      x = net.add([x, larger], `${name}_add`);
    }
    maps.unshift(x);
  }
  const smooth = maps.map((map, place) => net.convolution(map, width, { name: `${level(place)}_conv`, kernel: 3 }));
  while (smooth.length < strides.length) {
    const name = level(smooth.length);
    smooth.push(
      net.convolution(smooth.at(-1) as SymbolicTensor, width, { name: `${name}_conv`, kernel: 3, strides: 2 }),
    );
  }
  return smooth;
}

interface HeadOptions {
  readonly pyramid: number;
  readonly depth: number;
  readonly shared: boolean;
  readonly classes: number;
  readonly kernel: LayerInitializer;
}

/** Of each level [batch, points, 4 + classes]: what the sides' distances are made of, and logits of the classes. */
function heads(
  net: NetworkBuilder,
  maps: readonly SymbolicTensor[],
  strides: readonly number[],
  { pyramid: width, depth, shared, classes, kernel }: HeadOptions,
): SymbolicTensor[] {
  const layers = new Map<string, Layer>();
  /** A convolution of one level, or of all. */
  const convolve = (x: SymbolicTensor, level: string, name: string, filters: number, bias?: LayerInitializer) => {
    const own = shared ? name : `${level}_${name}`;
    const layer =
      layers.get(own) ??
      tf.layers.conv2d({
        ...{ name: own, filters, kernelSize: 3, padding: 'same', kernelInitializer: kernel },
        useBias: bias !== undefined,
        ...(bias && { biasInitializer: bias }),
      });
    layers.set(own, layer);
    return net.apply(layer, x);
  };
  return maps.map((map, place) => {
    const level = `p${Math.log2(strides[place] as number)}`;
    const tower = (kind: string): SymbolicTensor => {
      let x = map;
      for (let number = 1; number <= depth; number++) {
        const name = `${kind}_conv${number}`;
        x = net.batchNorm(convolve(x, level, name, width), `${level}_${kind}_bn${number}`);
        x = net.relu(x, `${level}_${kind}_relu${number}`);
      }
      return x;
    };
    const boxes = convolve(tower('box'), level, 'boxes', 4, tf.initializers.zeros());
    const rare = tf.initializers.constant({ value: -Math.log((1 - prior) / prior) });
    const scores = convolve(tower('class'), level, 'classes', classes, rare);
    const [, height = 0, across = 0] = map.shape as number[];
    const joined = net.concatenate([boxes, scores], `${level}_outputs`);
    return net.apply(tf.layers.reshape({ name: `${level}_rows`, targetShape: [height * across, 4 + classes] }), joined);
  });
}
