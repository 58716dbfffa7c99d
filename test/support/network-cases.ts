import type { LayersModel } from '../../src/base/tf.js';
import { initialWeights, loadArchitecture, modelParameters, networkNamed } from '../../src/models/index.js';

/** Classes that the networks below tell apart. */
export const classes = 5;

/** A network with its options and the height and width of its images. */
export interface NetworkCase {
  readonly title: string;
  readonly name: string;
  readonly options: Readonly<Record<string, unknown>>;
  readonly size: number;
  /** Mean scale of the made-up normalizations of the smooth network: no layer of it may fade or saturate. */
  readonly gain: number;
}

/** Every family, narrow where it can be; a size where its smallest input leaves single pixels to normalize. */
const list: readonly (readonly [string, Record<string, unknown>, number?])[] = [
  ['shapes-cnn', {}],
  ['mnist-cnn', { widthFactor: 0.25 }],
  ['fashion-mnist-cnn', { widthFactor: 0.25 }],
  ['cifar10-cnn', { widthFactor: 0.25 }],
  ['cifar10-fast', { widthFactor: 0.125 }, 18],
  ['mlp', { hidden: [32, 16], dropout: 0.2 }],
  ['lenet5', {}],
  ['alexnet', { widthFactor: 0.25, hidden: 64 }],
  ['vgg11', { widthFactor: 0.25, hidden: 64 }],
  ['vgg11-bn', { widthFactor: 0.25, hidden: 64 }],
  ['resnet18', { widthFactor: 0.25 }, 32],
  ['resnet50', { widthFactor: 0.25 }, 32],
  ['resnet50', { widthFactor: 0.25, variant: 'torch' }, 32],
  ['cifar-resnet20', {}, 8],
  ['cifar-resnet20', { shortcut: 'projection' }, 8],
  ['googlenet', { widthFactor: 0.25 }, 32],
  ['inception-v3', { widthFactor: 0.25 }],
  ['mobilenet-v1', { widthFactor: 0.25 }, 32],
  ['mobilenet-v2', { widthFactor: 0.25 }, 32],
  ['efficientnet-b0', { widthFactor: 0.5 }, 32],
  ['densenet121', { growth: 8 }, 32],
  ['densenet-bc', { depth: 22, dropout: 0.2 }, 8],
  ['vit-tiny', { depth: 2, features: 48, dropPath: 0.3, dropout: 0.1 }, 8],
  ['vit-tiny', { depth: 1, features: 24, activation: 'relu', pooling: 'mean' }, 8],
];

export const networkCases: readonly NetworkCase[] = list.map(([name, options, size]) => ({
  title: Object.keys(options).length === 0 ? name : `${name} ${JSON.stringify(options)}`,
  name,
  options,
  size: size ?? networkNamed(name).smallestInput,
  gain: name === 'efficientnet-b0' ? 1 : 0.8,
}));

/** The network as the repository makes it. */
export function createCase({ name, options, size }: NetworkCase): LayersModel {
  return networkNamed(name).create({ height: size, width: size, channels: 3, classes, ...options });
}

interface LayerJson {
  class_name: string;
  config: Record<string, unknown> & { layers?: LayerJson[] };
}

/**
 * The configuration of a network whose gradient float32 can resolve: no normalization enlarges rounding much, since all
 * divide by at least sqrt(0.3), and their moving statistics take half of each batch's, so that an error in those shows.
 * Without kinks ReLUs become ELUs, and maximum poolings averages.
 */
function resolvableConfig(model: LayersModel, kinks: boolean): unknown {
  const json = JSON.parse(String(model.toJSON())) as LayerJson;
  const soften = (layer: LayerJson): void => {
    const { config } = layer;
    if (layer.class_name === 'BatchNormalization') {
      Object.assign(config, { epsilon: 0.3, momentum: 0.5 });
    } else if (!kinks) {
      smoothen(layer);
    }
    config.layers?.forEach(soften);
  };
  const smoothen = (layer: LayerJson): void => {
    const { config } = layer;
    if (typeof config['activation'] === 'string' && /^relu/.test(config['activation'])) config['activation'] = 'elu';
    if (layer.class_name === 'ReLU') {
      layer.class_name = 'Activation';
      layer.config = { name: config['name'], trainable: true, activation: 'elu' };
    }
    if (/^(Global)?MaxPooling2D$/.test(layer.class_name)) layer.class_name = layer.class_name.replace('Max', 'Average');
  };
  soften(json);
  return json;
}

/** The smooth network of a case. */
export function createSmooth(network: NetworkCase): LayersModel {
  return loadArchitecture(resolvableConfig(createCase(network), false));
}

/**
 * A network of a case with its ReLUs and maximum poolings, and weights for it by which no ReLU is in doubt: a normalization
 * gives numbers with a deviation of 1/2 at most around 1 in every other channel and around -1 in the rest, and rounding
 * decides of none of them on which side of zero it is. The rest is drawn as for a training.
 */
export function createDecided(network: NetworkCase): {
  readonly model: LayersModel;
  readonly weights: ReadonlyMap<string, Float32Array>;
} {
  const model = loadArchitecture(resolvableConfig(createCase(network), true));
  const drawn = initialWeights(model, 1);
  const weights = modelParameters(model).map(({ spec: { name } }, index): [string, Float32Array] => {
    const values = drawn[index] as Float32Array;
    if (name.endsWith('/gamma')) return [name, values.map((_, channel) => 0.5 * (1 + 0.5 * Math.sin(1.3 * channel)))];
    if (name.endsWith('/beta')) return [name, values.map((_, channel) => (channel % 2 === 0 ? 1 : -1))];
    return [name, values];
  });
  return { model, weights: new Map(weights) };
}
