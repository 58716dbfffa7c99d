import { loadArchitecture, networkNamed } from '../../src/models/index.js';
import type { LayersModel } from '../../src/tf.js';

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
  readonly config: Record<string, unknown> & { layers?: LayerJson[] };
}

/**
 * The configuration of a network whose gradient float32 can resolve: nothing in it has a kink, and no normalization
 * enlarges rounding much. ReLUs become ELUs, maximum poolings averages, normalizations divide by at least sqrt(0.3), and
 * their moving statistics take half of each batch's, so that an error in those shows.
 */
function smoothConfig(model: LayersModel): unknown {
  const json = JSON.parse(String(model.toJSON())) as LayerJson;
  const soften = (layer: LayerJson): void => {
    const { config } = layer;
    if (typeof config['activation'] === 'string' && /^relu/.test(config['activation'])) config['activation'] = 'elu';
    if (layer.class_name === 'ReLU') {
      layer.class_name = 'Activation';
      config['activation'] = 'elu';
    } else if (layer.class_name === 'MaxPooling2D') {
      layer.class_name = 'AveragePooling2D';
    } else if (layer.class_name === 'BatchNormalization') {
      Object.assign(config, { epsilon: 0.3, momentum: 0.5 });
    }
    config.layers?.forEach(soften);
  };
  soften(json);
  return json;
}

/** The smooth network of a case. */
export function createSmooth(network: NetworkCase): LayersModel {
  return loadArchitecture(smoothConfig(createCase(network)));
}
