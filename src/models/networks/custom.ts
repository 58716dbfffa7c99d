import { z } from 'zod';
import { ConvoyError, choiceError } from '../../base/errors.js';
import { type Aliases, didYouMean, suggestions } from '../../base/suggest.js';
import { type LayersModel, type SymbolicTensor, tf } from '../../base/tf.js';
import {
  ChannelPadding,
  ClassToken,
  DropPath,
  FirstToken,
  FixedNormalization,
  PositionEmbedding,
  SelfAttention,
} from '../../layers/index.js';
import { NetworkBuilder } from '../builder.js';
import { defineNetwork } from '../define.js';
import { type InitializerName, initializerNamed, initializerNames } from '../initializers.js';
import { checkArguments } from './custom-arguments.js';

type Layer = LayersModel['layers'][number];

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

const ownLayers = {
  ChannelPadding,
  ClassToken,
  DropPath,
  FirstToken,
  FixedNormalization,
  PositionEmbedding,
  SelfAttention,
} as const;
/** Types of layers that a description may name. */
export const layerTypes: readonly string[] = [...tfjsLayers, ...Object.keys(ownLayers)];

const layerSchema = z.looseObject({
  type: z.string(),
  name: z.string().min(1).optional(),
  inputs: z.union([z.string(), z.array(z.string()).min(1)]).optional(),
});

type LayerDescription = z.infer<typeof layerSchema>;

/**
 * A network described in JSON: a list of layers, each with a `type` (the names of `tf.layers`, or of our own layers), tfjs's
 * arguments for it, and optionally a `name` and the names of its `inputs` (the layer before, if left out; `input` is the
 * image). `units` or `filters` may be `"classes"`. Initialisers may have our names, `pytorchUniform` among them. The last
 * layer's output are the logits: one a class, or one for two classes.
 */
export const custom = defineNetwork({
  name: 'custom',
  title: 'Network described in JSON',
  source: 'its description',
  smallestInput: 1,
  defaultInput: 32,
  defaultClasses: 10,
  options: {
    layers: z
      .array(layerSchema)
      .min(1)
      .max(10_000)
      .describe('layers in order: {"type": "conv2d", "filters": 32, "kernelSize": 3}'),
  },
  build(shape, options) {
    const net = new NetworkBuilder({ initializer: 'glorotUniform' });
    const input = net.input(shape);
    const outputs = new Map<string, SymbolicTensor>([['input', input]]);
    let last = input;
    options.layers.forEach((description, index) => {
      const name = description.name ?? `${description.type}_${index + 1}`;
      if (outputs.has(name)) throw descriptionError(name, 'a name of its own', 'the name of an earlier layer');
      const wanted = description.inputs;
      const names = wanted === undefined ? undefined : typeof wanted === 'string' ? [wanted] : wanted;
      const inputs = names?.map((from) => {
        const tensor = outputs.get(from);
        if (tensor === undefined) throw unknownInput(name, from, [...outputs.keys()]);
        return tensor;
      });
      try {
        const layer = createLayer(description, name, shape.classes);
        last = net.apply(layer, inputs === undefined ? last : inputs.length === 1 ? (inputs[0] ?? last) : inputs);
      } catch (error) {
        if (error instanceof ConvoyError) throw error;
        throw descriptionError(
          name,
          'arguments and shapes that fit',
          error instanceof Error ? error.message : String(error),
          error,
        );
      }
      outputs.set(name, last);
    });
    if (last.shape.length !== 2 || (last.shape[1] !== shape.classes && last.shape[1] !== 1)) {
      throw descriptionError(
        last.sourceLayer.name,
        `an output of ${shape.classes} logits, or of one value,`,
        `[${last.shape.slice(1).join(', ')}]`,
      );
    }
    return net.model('custom', input, last);
  },
});

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

function unknownInput(layer: string, from: string, outputs: readonly string[]): ConvoyError {
  const meant = suggestions(from, outputs);
  return descriptionError(layer, `inputs among ${outputs.slice(-8).join(', ')}`, `"${from}"${didYouMean(meant)}`);
}

function descriptionError(layer: string, expected: string, found: string, cause?: unknown): ConvoyError {
  const message = `custom network: layer ${layer}: expected ${expected} but found ${found}`;
  return new ConvoyError('CONVOY_MODEL', message, { place: layer }, cause);
}

function createLayer(description: LayerDescription, name: string, classes: number): Layer {
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
  const own: Readonly<Record<string, unknown>> = ownLayers;
  const tfjs: Readonly<Record<string, unknown>> = tf.layers;
  const make = Object.hasOwn(own, type)
    ? own[type]
    : (tfjsLayers as readonly string[]).includes(type)
      ? tfjs[type]
      : undefined;
  if (typeof make !== 'function') {
    throw choiceError(`the type of layer ${name}`, type, { known: layerTypes, aliases: typeAliases });
  }
  return (settings) => {
    const layer: unknown = Object.hasOwn(own, type)
      ? Reflect.construct(make, [settings])
      : Reflect.apply(make, tf.layers, [settings]);
    if (layer instanceof tf.layers.Layer) return layer;
    throw descriptionError(name, 'a layer', type);
  };
}

function isInitializerName(value: unknown): value is InitializerName {
  return (initializerNames as readonly unknown[]).includes(value);
}
