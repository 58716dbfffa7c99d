import { isObject, type JsonObject, layerError } from '../layers/index.js';

/** Operators of Keras 3 by the layers that compute them; the first name is for two tensors, the second with a constant. */
const operators: Readonly<Record<string, readonly [layer: string, withConstant: string]>> = {
  Add: ['Add', 'add'],
  Subtract: ['Subtract', 'subtract'],
  Multiply: ['Multiply', 'multiply'],
  Divide: ['Divide', 'divide'],
  TrueDivide: ['Divide', 'divide'],
  Maximum: ['Maximum', 'maximum'],
  Minimum: ['Minimum', 'minimum'],
};

/** Functions of Keras 3 by the activation that computes them. */
const functions: Readonly<Record<string, string>> = {
  Relu: 'relu',
  Relu6: 'relu6',
  Sigmoid: 'sigmoid',
  Silu: 'silu',
  Tanh: 'tanh',
  Softplus: 'softplus',
  Softsign: 'softsign',
  Selu: 'selu',
  Exp: 'exponential',
  HardSilu: 'hard_silu',
  HardSigmoid: 'hard_sigmoid',
};

/** Functions of tf.keras 2, whose constants are arguments, by Keras 3's operators. */
const oldFunctions: Readonly<Record<string, string>> = {
  'math.add': 'Add',
  '__operators__.add': 'Add',
  'math.subtract': 'Subtract',
  'math.multiply': 'Multiply',
  'math.truediv': 'TrueDivide',
  'math.divide': 'TrueDivide',
  'nn.relu': 'Relu',
  'nn.relu6': 'Relu6',
  'math.sigmoid': 'Sigmoid',
  'nn.sigmoid': 'Sigmoid',
};

/** The entry of a layer that does what an operator or a function of Keras does in a functional model; any other entry as it is. */
export function operationAsLayer(entry: JsonObject, file: string): JsonObject {
  const old = entry['class_name'] === 'TFOpLambda' ? oldOperation(entry, file) : entry;
  // A .h5 file does not say where a class comes from; but every layer says whether it is trainable.
  const { config, module } = entry;
  const isBare = module === undefined && isObject(config) && !('trainable' in config);
  const isOperation = old !== entry || isBare || /^keras\.(src\.)?ops\b/.test(String(module));
  return isOperation ? asLayer(old, file) : entry;
}

function asLayer(entry: JsonObject, file: string): JsonObject {
  const kind = String(entry['class_name']);
  const config = isObject(entry['config']) ? entry['config'] : {};
  const name = String(entry['name'] ?? config['name']);
  const [node, ...more]: unknown[] = Array.isArray(entry['inbound_nodes']) ? entry['inbound_nodes'] : [];
  const operator = Object.hasOwn(operators, kind) ? operators[kind] : undefined;
  const isFunction = Object.hasOwn(functions, kind);
  if (operator === undefined && !isFunction && kind !== 'GetItem') return entry;
  if (!isObject(node)) throw layerError(file, name, 'a call', node);
  const args: unknown[] = Array.isArray(node['args']) ? node['args'] : [];
  const layer = (class_name: string, own: JsonObject, tensors: readonly unknown[]): JsonObject => ({
    ...entry,
    class_name,
    module: 'keras.layers',
    config: { name, ...own },
    inbound_nodes: [{ ...node, args: tensors.length === 1 ? tensors : [tensors] }],
  });
  if (more.length > 0) throw layerError(file, name, 'an operation that is used once', `${more.length + 1} uses`);
  if (isFunction) return layer('Activation', { ...config, name, activation: functions[kind] }, args);
  if (kind === 'GetItem') return layer('ChannelReversal', {}, [reversed(args, name, file)]);
  const [joined = '', operation = ''] = operator ?? [];
  const tensors = args.filter(isTensor);
  if (args.length !== 2 || tensors.length === 0)
    throw layerError(file, name, 'two operands, one of them a tensor', args);
  if (tensors.length === 2) return layer(joined, {}, tensors);
  const constant = numbersOf(args.find((argument) => !isTensor(argument)));
  if (constant === undefined) throw layerError(file, name, 'numbers, one or one a channel, beside a tensor', args);
  return layer('WithConstant', { operation, constant, constant_first: !isTensor(args[0]) }, tensors);
}

function isTensor(value: unknown): boolean {
  return isObject(value) && value['class_name'] === '__keras_tensor__';
}

/** Numbers of a constant: one, or a list of them. */
function numbersOf(value: unknown): number | number[] | undefined {
  if (typeof value === 'number') return value;
  if (isObject(value) && isObject(value['config'])) return numbersOf(value['config']['value']);
  return Array.isArray(value) && value.every((item) => typeof item === 'number') ? value : undefined;
}

/** The tensor of `x[..., ::-1]`; any other index is refused. */
function reversed([tensor, index]: readonly unknown[], name: string, file: string): unknown {
  const last: unknown = Array.isArray(index) ? index.at(-1) : undefined;
  const slice = isObject(last) && isObject(last['config']) ? last['config'] : {};
  const isReversal = slice['step'] === -1 && (slice['start'] ?? null) === null && (slice['stop'] ?? null) === null;
  if (!isReversal || !Array.isArray(index) || index.length !== 2)
    throw layerError(file, name, 'the index [..., ::-1]', index);
  return tensor;
}

/** An operation of tf.keras 2 as Keras 3 writes it. */
function oldOperation(entry: JsonObject, file: string): JsonObject {
  const config = isObject(entry['config']) ? entry['config'] : {};
  const name = String(entry['name'] ?? config['name']);
  const called = String(config['function']);
  const kind = Object.hasOwn(oldFunctions, called) ? oldFunctions[called] : undefined;
  const [node]: unknown[] = Array.isArray(entry['inbound_nodes']) ? entry['inbound_nodes'] : [];
  // One tensor: ["layer", 0, 0, {"y": 127.5, "name": null}], bare or in a list.
  const reference: unknown = Array.isArray(node) && Array.isArray(node[0]) ? node[0] : node;
  if (kind === undefined || !Array.isArray(reference))
    throw layerError(file, name, 'an operation that is known', called);
  const tensor = (history: readonly unknown[]): JsonObject => ({
    class_name: '__keras_tensor__',
    config: { keras_history: history.slice(0, 3) },
  });
  const given = isObject(reference[3]) ? reference[3] : {};
  const second = given['y'];
  const rest = Object.entries(given).filter(([key, value]) => key !== 'y' && key !== 'name' && value !== null);
  if (rest.length > 0) throw layerError(file, name, 'an operation without further arguments', Object.fromEntries(rest));
  const other = Array.isArray(second) && typeof second[0] === 'string' ? tensor(second) : second;
  const args = other === undefined ? [tensor(reference)] : [tensor(reference), other];
  return { ...entry, class_name: kind, config: { name }, inbound_nodes: [{ args, kwargs: {} }] };
}
