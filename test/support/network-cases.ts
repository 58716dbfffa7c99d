import type { LayersModel } from '../../src/base/tf.js';
import { initialWeights, loadArchitecture, modelParameters, networkNamed } from '../../src/models/index.js';
import { type DecidedTwin, decidedTwin, type LayerJson, smoothTwin } from '../../src/tools/twin.js';

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

/**
 * The cases without those of these names (`resnet50 torch` is that variant alone), unless `CONVOY_NETWORKS=1` asks for all:
 * for large networks whose kinds of layers another case has.
 */
export function casesWithout(...names: readonly string[]): readonly NetworkCase[] {
  if (process.env['CONVOY_NETWORKS'] !== undefined) return networkCases;
  return networkCases.filter(
    ({ name, options: { variant } }) => !names.includes(variant === undefined ? name : `${name} ${variant}`),
  );
}

/** The network as the repository makes it. */
export function createCase({ name, options, size }: NetworkCase): LayersModel {
  return networkNamed(name).create({ height: size, width: size, channels: 3, classes, ...options });
}

/**
 * A twin of a case's network, whose gradient float32 can resolve, with moving statistics that take half of each batch's, so
 * that an error in those shows.
 */
function twinOf(network: NetworkCase, twin: (json: LayerJson) => LayerJson | undefined): LayersModel {
  const json = JSON.parse(String(createCase(network).toJSON())) as LayerJson;
  const resolvable = twin(json) ?? json;
  const quicken = ({ class_name, config }: LayerJson): void => {
    if (class_name === 'BatchNormalization') config['momentum'] = 0.5;
    config.layers?.forEach(quicken);
  };
  quicken(resolvable);
  return loadArchitecture(resolvable);
}

/** The smooth network of a case. */
export function createSmooth(network: NetworkCase): LayersModel {
  return twinOf(network, smoothTwin);
}

/** A network of a case with its kinks, and weights for it by which few of its ReLUs are near them. */
export function createDecided(network: NetworkCase): {
  readonly model: LayersModel;
  readonly weights: ReadonlyMap<string, Float32Array>;
} {
  let twin: DecidedTwin | undefined;
  const model = twinOf(network, (json) => (twin = decidedTwin(json))?.network);
  const drawn = initialWeights(model, 1);
  const weights = modelParameters(model).map(({ spec: { name, shape } }, index): [string, Float32Array] => {
    const values = drawn[index] as Float32Array;
    return [name, twin?.weights(name, shape, values) ?? values];
  });
  return { model, weights: new Map(weights) };
}
