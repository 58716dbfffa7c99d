import { ConvoyError } from '../base/errors.js';
import { type LayersModel, type SymbolicTensor, tf } from '../base/tf.js';
// Also registers our own layers, so that files may name them.
import { completeBatchNormalization } from '../layers/index.js';
import { isObject, type JsonObject, layerError, tfjsLayerConfig } from './keras-layer-config.js';

type Layer = LayersModel['layers'][number];

/** Where a tensor comes from: layer, which of its applications, which of its outputs. */
type TensorReference = readonly [layer: string, node: number, tensor: number];

/**
 * Builds the model that a configuration describes, layers named as in it: the JSON of `model.to_json()` of Keras 2 or 3,
 * the `config.json` inside a `.keras` file, the `model_config` of a `.h5` file, or the topology of a tfjs model. A
 * Sequential becomes a functional model. The values of the weights are unspecified.
 *
 * @param json the parsed JSON
 * @param file names the file in errors
 * @throws ConvoyError `CONVOY_MODEL` that names the layer: for an unknown layer class, a setting that cannot be honoured,
 * inputs that don't exist, a cycle, or shapes that don't fit.
 */
export function loadArchitecture(json: unknown, file = 'model configuration'): LayersModel {
  if (!isObject(json)) throw layerError(file, '(model)', 'an object with class_name and config', json);
  const inner = json['modelTopology'] ?? json['model_config'];
  if (inner !== undefined) return loadArchitecture(inner, file);
  return buildModel(json, file);
}

function buildModel(json: JsonObject, file: string): LayersModel {
  const className = json['class_name'];
  const config = json['config'];
  if (className === 'Sequential') return buildSequential(Array.isArray(config) ? { layers: config } : config, file);
  if (className === 'Functional' || className === 'Model') return buildFunctional(config, file);
  throw layerError(file, '(model)', 'class_name Sequential, Functional or Model', className);
}

function buildSequential(config: unknown, file: string): LayersModel {
  const layers = layersOf(config, file);
  const name = isObject(config) && typeof config['name'] === 'string' ? config['name'] : 'sequential';
  let first: SymbolicTensor | undefined;
  let x: SymbolicTensor | undefined;
  for (const entry of layers) {
    const layerConfig = isObject(entry['config']) ? entry['config'] : {};
    if (x === undefined) {
      const shape = layerConfig['batch_shape'] ?? layerConfig['batch_input_shape'];
      const isInput = entry['class_name'] === 'InputLayer';
      const inputName = isInput
        ? String(layerConfig['name'] ?? 'input')
        : `${String(layerConfig['name'] ?? name)}_input`;
      first = x = inputTensor(shape, inputName, file);
      if (isInput) continue;
    }
    const layer = createLayer(entry, file);
    x = single(applyLayer(layer, [x], file), layer.name, file);
  }
  if (first === undefined || x === undefined) throw layerError(file, name, 'at least one layer', 'none');
  return tf.model({ name, inputs: first, outputs: x });
}

function buildFunctional(config: unknown, file: string): LayersModel {
  const entries = layersOf(config, file);
  const name = isObject(config) && typeof config['name'] === 'string' ? config['name'] : 'model';
  const outputs = new Map<string, SymbolicTensor[][]>(); // by layer, application, output
  let waiting: { layer: Layer; nodes: TensorReference[][]; next: number }[] = [];
  for (const entry of entries) {
    const layerConfig = isObject(entry['config']) ? entry['config'] : {};
    const layerName = String(entry['name'] ?? layerConfig['name']);
    if (outputs.has(layerName)) throw layerError(file, layerName, 'layer names that differ', 'the same name twice');
    if (entry['class_name'] === 'InputLayer') {
      const shape = layerConfig['batch_shape'] ?? layerConfig['batch_input_shape'];
      outputs.set(layerName, [[inputTensor(shape, layerName, file)]]);
      continue;
    }
    outputs.set(layerName, []);
    waiting.push({ layer: createLayer(entry, file, layerName), nodes: inboundNodes(entry, layerName, file), next: 0 });
  }
  // Applies what has its inputs, again and again, until all is done or nothing moves: layers may come in any order.
  while (waiting.length > 0) {
    let moved = false;
    for (const item of waiting) {
      for (; item.next < item.nodes.length; item.next++) {
        const inputs = (item.nodes[item.next] ?? []).map((reference) => lookUp(outputs, reference));
        if (!inputs.every((input) => input !== undefined)) break;
        outputs.get(item.layer.name)?.push(applyLayer(item.layer, inputs, file));
        moved = true;
      }
    }
    const left = waiting.filter((item) => item.next < item.nodes.length);
    const stuck = left[0];
    if (!moved && stuck !== undefined) {
      throw layerError(file, stuck.layer.name, 'inputs that exist and no cycle', stuck.nodes[stuck.next]);
    }
    waiting = left;
  }
  const ends = (key: string): SymbolicTensor[] =>
    references(isObject(config) ? config[key] : undefined, `(${key})`, file).map((reference) => {
      const tensor = lookUp(outputs, reference);
      if (tensor === undefined) throw layerError(file, reference[0], `a layer for ${key}`, 'none of that name');
      return tensor;
    });
  return attempt(file, name, () => tf.model({ name, inputs: ends('input_layers'), outputs: ends('output_layers') }));
}

function layersOf(config: unknown, file: string): JsonObject[] {
  const layers = isObject(config) ? config['layers'] : undefined;
  if (!Array.isArray(layers) || !layers.every(isObject)) throw layerError(file, '(model)', 'a list of layers', layers);
  return layers;
}

function inputTensor(shape: unknown, name: string, file: string): SymbolicTensor {
  const sizes = Array.isArray(shape) ? shape.slice(1) : undefined;
  if (sizes === undefined || !sizes.every((size) => Number.isInteger(size) && size > 0)) {
    throw layerError(file, name, 'an input shape of fixed sizes after the batch', shape);
  }
  return attempt(file, name, () => tf.input({ shape: sizes.map(Number), name }));
}

function createLayer(entry: JsonObject, file: string, name?: string): Layer {
  const kind = entry['class_name'];
  const given = isObject(entry['config']) ? entry['config'] : {};
  const layerName = name ?? String(given['name'] ?? entry['name'] ?? kind);
  if (kind === 'Sequential' || kind === 'Functional' || kind === 'Model') {
    const model = buildModel(entry, file);
    model.name = layerName;
    return model;
  }
  if (typeof kind !== 'string') throw layerError(file, layerName, 'a class_name', kind);
  const built = isObject(entry['build_config']) ? entry['build_config']['input_shape'] : undefined;
  const { className, config } = tfjsLayerConfig(file, kind, { ...given, name: layerName }, built);
  const known = tf.serialization.SerializationMap.getMap().classNameMap;
  const entryOfClass = Object.hasOwn(known, className) ? known[className] : undefined;
  if (entryOfClass === undefined) throw layerError(file, layerName, 'a layer class that convoy knows', kind);
  const [layerClass, fromConfig] = entryOfClass;
  const layer: unknown = attempt(file, layerName, () =>
    fromConfig(layerClass, config as Parameters<typeof fromConfig>[1]),
  );
  if (!(layer instanceof tf.layers.Layer)) throw layerError(file, layerName, 'the class of a layer', kind);
  if (given['trainable'] === false) layer.trainable = false;
  completeBatchNormalization(layer);
  return layer;
}

function applyLayer(layer: Layer, inputs: SymbolicTensor[], file: string): SymbolicTensor[] {
  const [first] = inputs;
  layer.setFastWeightInitDuringBuild(true);
  const output = attempt(file, layer.name, () =>
    layer.apply(inputs.length === 1 && first !== undefined ? first : inputs),
  );
  return (Array.isArray(output) ? output : [output]).map((tensor) => {
    if (tensor instanceof tf.SymbolicTensor) return tensor;
    throw layerError(file, layer.name, 'symbolic outputs', typeof tensor);
  });
}

function single(tensors: readonly SymbolicTensor[], layer: string, file: string): SymbolicTensor {
  const [first] = tensors;
  if (first === undefined || tensors.length !== 1) throw layerError(file, layer, 'one output', tensors.length);
  return first;
}

function lookUp(
  outputs: ReadonlyMap<string, SymbolicTensor[][]>,
  reference: TensorReference,
): SymbolicTensor | undefined {
  return outputs.get(reference[0])?.[reference[1]]?.[reference[2]];
}

/** The inputs of each application of a layer, from the forms of Keras 2 and Keras 3. */
function inboundNodes(entry: JsonObject, layer: string, file: string): TensorReference[][] {
  const nodes = entry['inbound_nodes'];
  if (!Array.isArray(nodes)) throw layerError(file, layer, 'inbound_nodes', nodes);
  return nodes.map((node: unknown) => {
    if (!isObject(node)) return references(node, layer, file);
    checkArguments(node['kwargs'], layer, file);
    const args = Array.isArray(node['args']) ? node['args'].flat() : [];
    return args.map((argument: unknown) => {
      const history =
        isObject(argument) && isObject(argument['config']) ? argument['config']['keras_history'] : undefined;
      return toReference(history, layer, file);
    });
  });
}

/** A list of references, or one bare reference as Keras 3 writes a single input or output. */
function references(value: unknown, layer: string, file: string): TensorReference[] {
  if (!Array.isArray(value)) throw layerError(file, layer, 'a list of layer, node and tensor', value);
  if (typeof value[0] === 'string') return [toReference(value, layer, file)];
  return value.map((item) => toReference(item, layer, file));
}

function toReference(value: unknown, layer: string, file: string): TensorReference {
  if (
    !Array.isArray(value) ||
    typeof value[0] !== 'string' ||
    !Number.isInteger(value[1]) ||
    !Number.isInteger(value[2])
  ) {
    throw layerError(file, layer, 'layer, node and tensor of an input', value);
  }
  checkArguments(value[3], layer, file);
  return [value[0], Number(value[1]), Number(value[2])];
}

/** Call arguments other than null would change the computation. */
function checkArguments(kwargs: unknown, layer: string, file: string): void {
  if (!isObject(kwargs)) return;
  for (const [key, value] of Object.entries(kwargs)) {
    if (value !== null) throw layerError(file, layer, 'a call without arguments', `${key}: ${JSON.stringify(value)}`);
  }
}

/** Names the layer in what tfjs throws. */
function attempt<Result>(file: string, layer: string, action: () => Result): Result {
  try {
    return action();
  } catch (error) {
    if (error instanceof ConvoyError) throw error;
    throw layerError(
      file,
      layer,
      'settings and shapes that fit',
      error instanceof Error ? error.message : error,
      error,
    );
  }
}
