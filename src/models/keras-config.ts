import { type LayersModel, type SymbolicTensor, tf } from '../base/tf.js';
import { type Dialect, isObject, type JsonObject, layerError } from '../layers/index.js';
import { attempt, type Context, LayerItem, modelClasses, plainName } from './keras-layer.js';
import { calls, references, type TensorReference } from './keras-nodes.js';
import { operationAsLayer } from './keras-operations.js';

/** Height and width of images, for a model whose input leaves them open. */
export interface InputSize {
  readonly height: number;
  readonly width: number;
}

/**
 * Builds the model that a configuration describes, layers named as in it: the JSON of `model.to_json()` of Keras 2 or 3,
 * the `config.json` inside a `.keras` file, the `model_config` of a `.h5` file, or the topology of a tfjs model. A
 * Sequential becomes a functional model. The values of the weights are unspecified.
 *
 * @param json the parsed JSON
 * @param file names the file in errors
 * @param size for an input of any height and width
 * @throws ConvoyError `CONVOY_MODEL` that names the layer: for an unknown layer class, a setting that cannot be honoured,
 * inputs that don't exist, a cycle, or shapes that don't fit.
 */
export function loadArchitecture(json: unknown, file = 'model configuration', size?: InputSize): LayersModel {
  if (!isObject(json)) throw layerError(file, '(model)', 'an object with class_name and config', json);
  const inner = json['modelTopology'] ?? json['model_config'];
  if (inner !== undefined) return loadArchitecture(inner, file, size);
  return buildModel(json, { file, dialect: dialectOf(json), size, build: buildModel });
}

/** tfjs says that it wrote a file; Keras 3 gives a layer's type as an object. */
function dialectOf(json: JsonObject): Dialect {
  if (String(json['keras_version']).startsWith('tfjs')) return 'tfjs';
  const layers = isObject(json['config']) ? json['config']['layers'] : undefined;
  const isKeras3 = (layer: unknown): boolean =>
    isObject(layer) && isObject(layer['config']) && (isObject(layer['config']['dtype']) || hasLayers(layer));
  const hasLayers = ({ config }: JsonObject): boolean =>
    isObject(config) && Array.isArray(config['layers']) && config['layers'].some(isKeras3);
  return Array.isArray(layers) && layers.some(isKeras3) ? 'keras 3' : 'keras 2';
}

function buildModel(json: JsonObject, context: Context): LayersModel {
  const className = json['class_name'];
  const config = json['config'];
  if (className === 'Sequential') return buildSequential(Array.isArray(config) ? { layers: config } : config, context);
  if (className === 'Functional' || className === 'Model') return buildFunctional(config, context);
  throw layerError(context.file, '(model)', 'class_name Sequential, Functional or Model', className);
}

function buildSequential(config: unknown, context: Context): LayersModel {
  const { file } = context;
  const layers = layersOf(config, file);
  const name = isObject(config) && typeof config['name'] === 'string' ? config['name'] : 'sequential';
  let first: SymbolicTensor | undefined;
  let x: SymbolicTensor | undefined;
  for (const entry of layers) {
    const layerConfig = isObject(entry['config']) ? entry['config'] : {};
    if (x === undefined) {
      const isInput = entry['class_name'] === 'InputLayer';
      const inputName = isInput
        ? String(layerConfig['name'] ?? 'input')
        : `${String(layerConfig['name'] ?? name)}_input`;
      first = x = inputTensor(inputShape(entry, config), inputName, context);
      if (isInput) continue;
    }
    const item = new LayerItem(entry, context);
    x = single(item.apply([x], {}), item.name, file);
  }
  if (first === undefined || x === undefined) throw layerError(file, name, 'at least one layer', 'none');
  return tf.model({ name: plainName(name), inputs: first, outputs: x });
}

/** The shape that a Sequential's first layer takes: its own word, that of the model inside it, or what the model was built for. */
function inputShape(entry: JsonObject, model: unknown): unknown {
  const config = isObject(entry['config']) ? entry['config'] : {};
  const own = config['batch_shape'] ?? config['batch_input_shape'];
  if (own !== undefined) return own;
  const [inner]: unknown[] = Array.isArray(config['layers']) ? config['layers'] : [];
  if (isObject(inner) && modelClasses.has(String(entry['class_name']))) return inputShape(inner, config);
  return isObject(model) ? model['build_input_shape'] : undefined;
}

function buildFunctional(config: unknown, context: Context): LayersModel {
  const { file } = context;
  const name = isObject(config) && typeof config['name'] === 'string' ? config['name'] : 'model';
  const outputs = new Map<string, SymbolicTensor[][]>(); // by layer, application, output
  const items: Item[] = [];
  for (const entry of layersOf(config, file)) {
    const layerConfig = isObject(entry['config']) ? entry['config'] : {};
    const layerName = String(entry['name'] ?? layerConfig['name']);
    if (outputs.has(layerName)) throw layerError(file, layerName, 'layer names that differ', 'the same name twice');
    outputs.set(layerName, []);
    if (entry['class_name'] === 'InputLayer') {
      const shape = layerConfig['batch_shape'] ?? layerConfig['batch_input_shape'];
      outputs.set(layerName, [[inputTensor(shape, layerName, context)]]);
      continue;
    }
    const layer = new LayerItem(operationAsLayer(entry, file), context, layerName);
    items.push({ layer, calls: calls(layer.entry, layerName, file), next: 0 });
  }
  const endsOf = (key: string): TensorReference[] =>
    references(isObject(config) ? config[key] : undefined, `(${key})`, file);
  const [inputs, ends] = [endsOf('input_layers'), endsOf('output_layers')];
  const first = firstNodes(items, [...items.flatMap((item) => item.calls.flatMap((call) => call.inputs)), ...ends]);
  const lookUp = ([layer, node, tensor]: TensorReference): SymbolicTensor | undefined =>
    outputs.get(layer)?.[node - (first.get(layer) ?? 0)]?.[tensor];
  applyAll(items, outputs, lookUp, file);
  const tensors = (key: string, wanted: readonly TensorReference[]): SymbolicTensor[] =>
    wanted.map((reference) => {
      const tensor = lookUp(reference);
      if (tensor === undefined) throw layerError(file, reference[0], `a layer for ${key}`, 'none of that name');
      return tensor;
    });
  return attempt(file, name, () =>
    tf.model({
      name: plainName(name),
      inputs: tensors('input_layers', inputs),
      outputs: tensors('output_layers', ends),
    }),
  );
}

/** A layer with the calls that are still to be made. */
interface Item {
  readonly layer: LayerItem;
  readonly calls: ReturnType<typeof calls>;
  next: number;
}

/** The number of the first call of each inner model: Keras 2 and tfjs begin with 1, what it was made from being call 0; Keras 3 with 0. */
function firstNodes(items: readonly Item[], used: readonly TensorReference[]): Map<string, number> {
  const first = new Map<string, number>();
  const models = new Set(items.filter(({ layer }) => layer.isModel).map(({ layer }) => layer.name));
  for (const [layer, node] of used) {
    if (models.has(layer)) first.set(layer, Math.min(1, node, first.get(layer) ?? 1));
  }
  return first;
}

/** Applies what has its inputs, again and again, until all is done or nothing moves: layers may come in any order. */
function applyAll(
  items: readonly Item[],
  outputs: ReadonlyMap<string, SymbolicTensor[][]>,
  lookUp: (reference: TensorReference) => SymbolicTensor | undefined,
  file: string,
): void {
  let waiting = [...items];
  while (waiting.length > 0) {
    let moved = false;
    for (const item of waiting) {
      for (; item.next < item.calls.length; item.next++) {
        const call = item.calls[item.next];
        const inputs = (call?.inputs ?? []).map(lookUp);
        if (!inputs.every((input) => input !== undefined)) break;
        outputs.get(item.layer.name)?.push(item.layer.apply(inputs, call?.arguments ?? {}));
        moved = true;
      }
    }
    const left = waiting.filter((item) => item.next < item.calls.length);
    const stuck = left[0];
    if (!moved && stuck !== undefined) {
      throw layerError(file, stuck.layer.name, 'inputs that exist and no cycle', stuck.calls[stuck.next]?.inputs);
    }
    waiting = left;
  }
}

function layersOf(config: unknown, file: string): JsonObject[] {
  const layers = isObject(config) ? config['layers'] : undefined;
  if (!Array.isArray(layers) || !layers.every(isObject)) throw layerError(file, '(model)', 'a list of layers', layers);
  return layers;
}

function inputTensor(shape: unknown, name: string, { file, size }: Context): SymbolicTensor {
  const [, ...given]: unknown[] = Array.isArray(shape) ? shape : [];
  const open = given.length === 3 && given[0] === null && given[1] === null && size !== undefined;
  const sizes = open ? [size.height, size.width, given[2]] : given;
  if (!Array.isArray(shape) || !sizes.every((item) => Number.isInteger(item) && Number(item) > 0)) {
    const expected = 'an input shape of fixed sizes after the batch (--image-size sets height and width of images)';
    throw layerError(file, name, expected, shape);
  }
  return attempt(file, name, () => tf.input({ shape: sizes.map(Number), name: plainName(name) }));
}

function single(tensors: readonly SymbolicTensor[], layer: string, file: string): SymbolicTensor {
  const [first] = tensors;
  if (first === undefined || tensors.length !== 1) throw layerError(file, layer, 'one output', tensors.length);
  return first;
}
