import { isObject, type JsonObject, layerDefinition, layerError } from '../layers/index.js';

/** Where a tensor comes from: layer, which of its applications, which of its outputs. */
export type TensorReference = readonly [layer: string, node: number, tensor: number];

/** One application of a layer. */
interface LayerCall {
  readonly inputs: readonly TensorReference[];
  /** Arguments other than the inputs, those that are null left out. */
  readonly arguments: Readonly<Record<string, unknown>>;
}

/** The applications of a layer, from the forms of Keras 2 and Keras 3. */
export function calls(entry: JsonObject, layer: string, file: string): LayerCall[] {
  const nodes = entry['inbound_nodes'];
  if (!Array.isArray(nodes)) throw layerError(file, layer, 'inbound_nodes', nodes);
  const names = layerDefinition(String(entry['class_name']))?.callInputs ?? [];
  /** Inputs by name behind those by place, and the arguments that are none. */
  const called = (placed: readonly TensorReference[], kwargs: unknown): LayerCall => {
    const all = given(kwargs);
    const named = names.flatMap((name) =>
      Object.hasOwn(all, name) ? [toReference(history(all[name]), layer, file)] : [],
    );
    const rest = Object.entries(all).filter(([name]) => !names.includes(name));
    return { inputs: [...placed, ...named], arguments: Object.fromEntries(rest) };
  };
  return nodes.map((node: unknown): LayerCall => {
    if (!isObject(node)) {
      const first: unknown = Array.isArray(node) && Array.isArray(node[0]) ? node[0][3] : undefined;
      return called(references(node, layer, file), first);
    }
    const args = Array.isArray(node['args']) ? node['args'].flat() : [];
    const placed = args.map((argument: unknown) => toReference(history(argument), layer, file));
    return called(placed, node['kwargs']);
  });
}

/** Where a tensor of Keras 3 comes from; of Keras 2 it is said at once. */
function history(argument: unknown): unknown {
  const found = isObject(argument) && isObject(argument['config']) ? argument['config']['keras_history'] : undefined;
  return found ?? argument;
}

/** Arguments that were given. */
function given(kwargs: unknown): Record<string, unknown> {
  if (!isObject(kwargs)) return {};
  return Object.fromEntries(Object.entries(kwargs).filter(([, value]) => value !== null));
}

/** A list of references, or one bare reference as Keras 3 writes a single input or output. */
export function references(value: unknown, layer: string, file: string): TensorReference[] {
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
  return [value[0], Number(value[1]), Number(value[2])];
}
