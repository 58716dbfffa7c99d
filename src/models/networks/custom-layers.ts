/** The layers of a described network: their types, by tfjs's names or those of convoy's own, and how they are made. */
import { choiceError } from '../../base/errors.js';
import type { Aliases } from '../../base/suggest.js';
import { type LayersModel, tf } from '../../base/tf.js';
import { type LayerClass, layerDefinitions } from '../../layers/index.js';
import { type InitializerName, initializerNamed, initializerNames } from '../initializers.js';
import { checkArguments } from './custom-arguments.js';

type Layer = LayersModel['layers'][number];

/** A layer of a description. */
export interface LayerDescription {
  readonly type: string;
  readonly [argument: string]: unknown;
}

/** tfjs's own names, by which a description may call layers. */
const tfjsLayers = [
  'conv2d',
  'conv2dTranspose',
  'depthwiseConv2d',
  'separableConv2d',
  'dense',
  'maxPooling2d',
  'averagePooling2d',
  'globalMaxPooling2d',
  'globalAveragePooling2d',
  'globalAveragePooling1d',
  'batchNormalization',
  'layerNormalization',
  'dropout',
  'gaussianDropout',
  'gaussianNoise',
  'alphaDropout',
  'activation',
  'reLU',
  'leakyReLU',
  'prelu',
  'elu',
  'thresholdedReLU',
  'softmax',
  'add',
  'average',
  'concatenate',
  'maximum',
  'minimum',
  'multiply',
  'flatten',
  'reshape',
  'permute',
  'zeroPadding2d',
  'cropping2D',
  'upSampling2d',
  'rescaling',
] as const;

/** Layers of convoy's own that descriptions may name, by their class. */
function ownLayers(): Map<string, LayerClass> {
  const own = layerDefinitions().filter(({ described }) => described === true);
  return new Map(own.flatMap(({ className, layer }) => (layer === undefined ? [] : [[className, layer]])));
}

/** Types of layers that a description may name. */
export function layerTypes(): string[] {
  return [...tfjsLayers, ...ownLayers().keys()];
}

/** How Keras and PyTorch call layers. */
const typeAliases: Aliases = {
  dense: ['linear', 'fullyConnected', 'fc'],
  conv2d: ['convolution2d', 'convolution', 'conv'],
  maxPooling2d: ['maxPool2d', 'maxPool', 'pool'],
  averagePooling2d: ['avgPool2d', 'avgPool'],
  globalAveragePooling2d: ['gap', 'adaptiveAvgPool2d'],
  batchNormalization: ['batchNorm2d', 'bn'],
  layerNormalization: ['layerNorm'],
  concatenate: ['concat', 'cat'],
  upSampling2d: ['upsample'],
  conv2dTranspose: ['convTranspose2d', 'deconvolution'],
  leakyReLU: ['lrelu'],
};

/**
 * Makes a layer of its description.
 *
 * @throws ConvoyError `CONVOY_OPTION` for a type or argument that there is not, with the one that was probably meant.
 */
export function createLayer(description: LayerDescription, name: string, classes: number): Layer {
  const { type, inputs: _inputs, ...rest } = description;
  const make = makerOf(type, name);
  checkArguments(description, name, make);
  const settings: Record<string, unknown> = {};
  for (const [key, value] of Object.entries(rest)) {
    if (value === 'classes' && (key === 'units' || key === 'filters')) settings[key] = classes;
    else if (key.endsWith('Initializer') && isInitializerName(value)) settings[key] = initializerNamed(value);
    else settings[key] = value;
  }
  settings['name'] = name;
  return make(settings);
}

/** Makes layers of a type. */
function makerOf(type: string, name: string): (settings: Readonly<Record<string, unknown>>) => Layer {
  const ownClass = ownLayers().get(type);
  if (ownClass !== undefined) return (settings) => new ownClass(settings);
  const tfjs = (tfjsLayers as readonly string[]).includes(type) ? Reflect.get(tf.layers, type) : undefined;
  if (typeof tfjs !== 'function') {
    throw choiceError(`the type of layer ${name}`, type, {
      known: layerTypes(),
      aliases: typeAliases,
      what: 'layer',
      list: 'docs/networks.md',
    });
  }
  return (settings) => Reflect.apply(tfjs, tf.layers, [settings]) as Layer;
}

function isInitializerName(value: unknown): value is InitializerName {
  return (initializerNames as readonly unknown[]).includes(value);
}
