import { z } from 'zod';
import { ConvoyError } from '../../base/errors.js';
import { type LayersModel, type SymbolicTensor, tf } from '../../base/tf.js';
import { type LayerClass, layerDefinitions } from '../../layers/index.js';
import { NetworkBuilder } from '../builder.js';
import { defineNetwork } from '../define.js';
import { type InitializerName, initializerNamed, initializerNames } from '../initializers.js';

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

/** Layers of convoy's own, by their class. */
function ownLayers(): Map<string, LayerClass> {
  return new Map(
    layerDefinitions().flatMap(({ className, layer }) => (layer === undefined ? [] : [[className, layer]])),
  );
}

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
        if (tensor === undefined)
          throw descriptionError(name, `inputs among ${[...outputs.keys()].slice(-8).join(', ')}`, from);
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

function descriptionError(layer: string, expected: string, found: string, cause?: unknown): ConvoyError {
  const message = `custom network: layer ${layer}: expected ${expected} but found ${found}`;
  return new ConvoyError('CONVOY_MODEL', message, { place: layer }, cause);
}

function createLayer(description: LayerDescription, name: string, classes: number): Layer {
  const { type, inputs: _inputs, ...rest } = description;
  const settings: Record<string, unknown> = {};
  for (const [key, value] of Object.entries(rest)) {
    if (value === 'classes' && (key === 'units' || key === 'filters')) settings[key] = classes;
    else if (key.endsWith('Initializer') && isInitializerName(value)) settings[key] = initializerNamed(value);
    else settings[key] = value;
  }
  settings['name'] = name;
  const own = ownLayers();
  const tfjs: Readonly<Record<string, unknown>> = tf.layers;
  const ownClass = own.get(type);
  const make = (tfjsLayers as readonly string[]).includes(type) ? tfjs[type] : undefined;
  if (ownClass === undefined && typeof make !== 'function') {
    throw descriptionError(name, `a type among ${[...tfjsLayers, ...own.keys()].join(', ')}`, type);
  }
  const layer: unknown =
    ownClass === undefined ? Reflect.apply(make as () => unknown, tf.layers, [settings]) : new ownClass(settings);
  if (layer instanceof tf.layers.Layer) return layer;
  throw descriptionError(name, 'a layer', type);
}

function isInitializerName(value: unknown): value is InitializerName {
  return (initializerNames as readonly unknown[]).includes(value);
}
