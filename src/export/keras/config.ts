import { ConvoyError } from '../../base/errors.js';
import type { LayersModel } from '../../base/tf.js';
import { isModel, isObject, type JsonObject, type Layer } from '../../layers/index.js';
import { pythonLayers, pythonPackage } from './python-layers.js';

/** Settings that say how weights begin and how training changes them: the weights have been trained. */
const forgotten =
  /(_initializer|_regularizer|_constraint|^batch_input_shape|^sparse|^rank|^dtype|^half_pixel_centers)$/;

/** Activations by Keras 3's names. */
const activations: Readonly<Record<string, string>> = { swish: 'silu', hard_sigmoid6: 'hard_sigmoid' };

/** Layers that Keras 3 has under the same name, whose settings it understands. */
const kerasLayers: ReadonlySet<string> = new Set([
  ...['Activation', 'ReLU', 'LeakyReLU', 'PReLU', 'ELU', 'Softmax', 'Dense', 'Flatten', 'Reshape', 'Permute'],
  ...['RepeatVector', 'Conv1D', 'Conv2D', 'Conv2DTranspose', 'DepthwiseConv2D', 'SeparableConv2D', 'ZeroPadding2D'],
  ...['Cropping2D', 'UpSampling2D', 'Resizing', 'Rescaling', 'CenterCrop', 'MaxPooling1D', 'MaxPooling2D'],
  ...['AveragePooling1D', 'AveragePooling2D', 'GlobalAveragePooling1D', 'GlobalAveragePooling2D'],
  ...['GlobalMaxPooling1D', 'GlobalMaxPooling2D', 'BatchNormalization', 'LayerNormalization', 'GroupNormalization'],
  ...['RMSNormalization', 'UnitNormalization', 'Normalization', 'Dropout', 'AlphaDropout', 'SpatialDropout1D'],
  ...['SpatialDropout2D', 'GaussianDropout', 'GaussianNoise', 'Identity', 'Add', 'Average', 'Subtract', 'Multiply'],
  ...['Maximum', 'Minimum', 'Concatenate', 'Dot', 'MultiHeadAttention', 'RandomFlip', 'RandomRotation', 'RandomZoom'],
  ...['RandomTranslation', 'RandomContrast', 'RandomBrightness'],
]);

/** Why a layer of these classes has no counterpart in Keras 3 that computes the same. */
const refused: Readonly<Record<string, string>> = {
  ThresholdedReLU: 'which Keras 3 no longer has',
  Divide: 'which Keras 3 has as an operator alone',
};

/** What becomes of a layer class in a `.keras` file: what writes it, or why it is refused. */
export function kerasForm(className: string): 'keras' | 'python' | { readonly refused: string } {
  if (kerasLayers.has(className)) return 'keras';
  if (pythonLayers.has(className)) return 'python';
  return { refused: refused[className] ?? 'a class that Keras does not have' };
}

/**
 * A model as Keras 3's `config.json` describes it.
 *
 * @throws ConvoyError `CONVOY_MODEL` naming the layer that Keras does not have.
 */
export function kerasConfig(model: LayersModel): JsonObject {
  return functional(model, model.toJSON(undefined, false) as unknown as JsonObject);
}

function functional(model: LayersModel, json: JsonObject): JsonObject {
  const config = json['config'] as JsonObject;
  const byName = new Map(model.layers.map((layer) => [layer.name, layer]));
  const layers = (config['layers'] as JsonObject[]).map((entry) =>
    layerEntry(entry, byName.get(String(entry['name'])) as Layer, byName),
  );
  const ends = (key: string): unknown =>
    (config[key] as unknown[][]).map(([name, node, tensor]) => [name, node, tensor]);
  return {
    module: 'keras.src.models.functional',
    class_name: 'Functional',
    config: {
      name: config['name'],
      trainable: true,
      layers,
      input_layers: ends('input_layers'),
      output_layers: ends('output_layers'),
    },
    registered_name: 'Functional',
    build_config: { input_shape: null },
    compile_config: {},
  };
}

function layerEntry(entry: JsonObject, layer: Layer, layers: ReadonlyMap<string, Layer>): JsonObject {
  const name = String(entry['name']);
  const className = String(entry['class_name']);
  const given = entry['config'] as JsonObject;
  const calls = (entry['inbound_nodes'] as unknown[][]).map((call) => callEntry(className, call, layers));
  if (isModel(layer)) {
    return { ...functional(layer as unknown as LayersModel, { config: given }), name, inbound_nodes: calls };
  }
  if (className === 'InputLayer') {
    const config = { name, batch_shape: given['batch_input_shape'], dtype: 'float32', sparse: false };
    return { module: 'keras.layers', class_name: className, config, registered_name: null, name, inbound_nodes: [] };
  }
  const form = kerasForm(className);
  if (typeof form === 'object') throw layerError(name, className, form.refused);
  const config = settings(name, className, given);
  const place =
    form === 'python'
      ? { module: 'convoy_layers', registered_name: `${pythonPackage}>${className}` }
      : { module: 'keras.layers', registered_name: null };
  const shape = layer.inboundNodes[0]?.inputShapes;
  const build = Array.isArray(shape) && shape.length === 1 ? shape[0] : shape;
  const builds = layer.weights.length > 0 && className !== 'MultiHeadAttention' && build !== undefined;
  return {
    class_name: className,
    ...place,
    config,
    ...(builds ? { build_config: { input_shape: build } } : {}),
    name,
    inbound_nodes: calls,
  };
}

function settings(name: string, className: string, given: JsonObject): JsonObject {
  const kept = Object.entries(given).filter(([key]) => !forgotten.test(key));
  const config = Object.fromEntries(
    kept.map(([key, value]) => [key, key === 'activation' ? activation(name, value) : value]),
  );
  if (className === 'LeakyReLU') {
    const { alpha, ...rest } = config;
    return { ...rest, negative_slope: alpha };
  }
  if (className === 'UpSampling2D' && config['interpolation'] === 'bilinear' && given['half_pixel_centers'] !== true)
    throw layerError(name, className, 'which Keras 3 enlarges by the centres of pixels alone');
  return config;
}

function activation(name: string, value: unknown): unknown {
  if (value === 'gelu_new') throw layerError(name, 'gelu_new', 'which Keras 3 has as a function of its own alone');
  return typeof value === 'string' ? (activations[value] ?? value) : value;
}

/** One application: tfjs's list of `[layer, node, tensor, arguments]` as Keras 3 has it. */
function callEntry(className: string, call: readonly unknown[], layers: ReadonlyMap<string, Layer>): JsonObject {
  const tensors = (call as unknown[][]).map(([name, node, tensor]) => ({
    class_name: '__keras_tensor__',
    config: {
      shape: shapeOf(layers.get(String(name)), Number(node), Number(tensor)),
      dtype: 'float32',
      keras_history: [name, firstCall(layers.get(String(name)), Number(node)), tensor],
    },
  }));
  const last = (call as unknown[][])[0]?.[3];
  const inferred = isObject(last) && last['training'] === false;
  const isJoin = tensors.length > 1 && className !== 'MultiHeadAttention';
  return { args: isJoin ? [tensors] : tensors, kwargs: inferred ? { training: false } : {} };
}

/** tfjs counts what an inner model was made from as its first call, Keras 3 does not. */
function firstCall(layer: Layer | undefined, node: number): number {
  return layer !== undefined && isModel(layer) && node > 0 ? node - 1 : node;
}

function shapeOf(layer: Layer | undefined, node: number, tensor: number): unknown {
  const call = layer?.inboundNodes[node];
  return call?.outputTensors[tensor]?.shape ?? null;
}

function layerError(name: string, className: string, why: string): ConvoyError {
  const text = `Layer ${name} (${className}): expected a layer that Keras has but found ${className}, ${why}`;
  return new ConvoyError('CONVOY_MODEL', text, { place: name });
}
