import type { OnnxAttribute, OnnxNode, OnnxTensor } from '../../../proto/onnx.js';
import { type DataType, type GraphNode, type Shape, type Value, valueName } from '../../ops/index.js';

/** ONNX's `TensorProto.DataType`. */
export const onnxTypes: Readonly<Partial<Record<DataType, number>>> = {
  float32: 1,
  uint8: 2,
  int16: 5,
  int32: 6,
  int64: 7,
  bool: 9,
};

/** An attribute's value; a plain number is an integer. */
export type OnnxValue = number | string | { readonly float: number } | readonly number[];

/** The order of the axes of an image: TensorFlow's [n, h, w, c], or ONNX's [n, c, h, w]. */
export type Layout = 'last' | 'first';

/** TensorFlow's axis at each place of ONNX's order. */
export const toFirst = [0, 2, 3, 1] as const;
/** The order that undoes it: `toFirst` is [0, 3, 1, 2] as a permutation of axes. */
const firstOrder = [0, 3, 1, 2] as const;
const lastOrder = [0, 2, 3, 1] as const;

/** The known elements of a value that is a constant or a weight. */
interface Known {
  readonly bytes: Uint8Array;
  readonly size: number;
}

/**
 * Builds the nodes of an ONNX graph from those of a TensorFlow graph. A value of four axes can exist in both layouts; each is
 * made when it is first asked for, so that chains of convolutions stay in ONNX's.
 */
export class OnnxConverter {
  readonly nodes: OnnxNode[] = [];
  readonly initializers: OnnxTensor[] = [];
  readonly #made = new Map<string, string>();
  readonly #names = new Set<string>();

  constructor(
    /** Version of the operators. */
    readonly opset: number,
    readonly weights: ReadonlyMap<GraphNode, Float32Array>,
    readonly consumers: ReadonlyMap<Value, readonly GraphNode[]>,
  ) {}

  /** Adds a node with one output and returns its name. */
  add(
    opType: string,
    input: readonly string[],
    attributes: Readonly<Record<string, OnnxValue>> = {},
    name = opType,
  ): string {
    const output = this.unique(name);
    const attribute = Object.entries(attributes).map(([key, value]) => attributeOf(key, value));
    this.nodes.push({ input, output: [output], name: output, opType, attribute });
    return output;
  }

  /** Says what a value is called. */
  set(value: Value, name: string, layout: Layout = 'last'): void {
    this.#made.set(key(value, layout), name);
  }

  /** Whether a value has a name already. */
  has(value: Value): boolean {
    return this.#made.has(key(value, 'first')) || this.#made.has(key(value, 'last'));
  }

  /** Whether a value exists in ONNX's layout, and not as a constant, which can have any. */
  isFirst(value: Value): boolean {
    return value.shape.length === 4 && this.#made.has(key(value, 'first')) && !this.known(value);
  }

  /** A value's name in TensorFlow's layout. */
  last(value: Value): string {
    return this.#get(value, 'last', () => {
      const known = this.known(value);
      if (known) return this.tensor(valueName(value), known.bytes, value.type, value.shape);
      const first = this.#made.get(key(value, 'first'));
      if (first === undefined) throw new TypeError(`${valueName(value)} is used before it is made`);
      return this.add('Transpose', [first], { perm: lastOrder }, `${value.node.name}/nhwc`);
    });
  }

  /** A value's name in ONNX's layout. */
  first(value: Value): string {
    return this.#get(value, 'first', () => this.permuted(value, firstOrder));
  }

  in(layout: Layout, value: Value): string {
    return layout === 'first' ? this.first(value) : this.last(value);
  }

  /** A value that is to broadcast with images in a layout. */
  operand(layout: Layout, value: Value): string {
    const { shape } = value;
    if (layout === 'last' || shape.length === 0) return this.last(value);
    if (shape.length === 4) return this.first(value);
    return this.#get(value, 'first', () => {
      const whole = [...new Array<number>(4 - shape.length).fill(1), ...shape];
      const swapped = firstOrder.map((axis) => whole[axis] as number);
      const known = this.known(value);
      const name = `${value.node.name}/nchw`;
      if (known) {
        const order = [...firstOrder];
        return this.tensor(name, permutedBytes(known, whole, order), value.type, swapped);
      }
      const spread = this.add('Reshape', [this.last(value), this.integers(whole)], {}, name);
      return this.add('Transpose', [spread], { perm: firstOrder }, name);
    });
  }

  /** A value with its axes in another order. */
  permuted(value: Value, order: readonly number[]): string {
    const known = this.known(value);
    const name = `${value.node.name}/${order.join('')}`;
    if (known === undefined) return this.add('Transpose', [this.last(value)], { perm: order }, name);
    const shape = order.map((axis) => value.shape[axis] as number);
    return this.#shared(`permuted ${name}`, () =>
      this.tensor(name, permutedBytes(known, value.shape, order), value.type, shape),
    );
  }

  /** A list of int64. */
  integers(values: readonly number[], shape: Shape = [values.length]): string {
    return this.#shared(`integers ${values.join(',')} ${shape.join(',')}`, () => {
      const data = BigInt64Array.from(values, BigInt);
      return this.tensor('integers', new Uint8Array(data.buffer), 'int64', shape);
    });
  }

  /** A float32 scalar. */
  scalar(value: number): string {
    return this.#shared(`scalar ${value}`, () =>
      this.tensor('scalar', new Uint8Array(Float32Array.of(value).buffer), 'float32', []),
    );
  }

  /** Adds an initializer and returns its name. */
  tensor(name: string, rawData: Uint8Array, type: DataType, dims: Shape): string {
    const own = this.unique(name);
    this.initializers.push({ name: own, dims, dataType: onnxType(type), rawData });
    return own;
  }

  /** A value's elements where they are known before the graph runs. */
  known({ node }: Value): Known | undefined {
    const weight = this.weights.get(node);
    if (weight) return { bytes: new Uint8Array(weight.buffer, weight.byteOffset, weight.byteLength), size: 4 };
    const value = node.attributes['value'];
    if (node.op !== 'Const' || typeof value !== 'object' || !('tensor' in value)) return undefined;
    const count = value.shape.reduce((product, size) => product * size, 1);
    return { bytes: value.tensor, size: count === 0 ? 1 : value.tensor.length / count };
  }

  /** A name that no other value has. */
  unique(name: string): string {
    let free = name;
    for (let twin = 1; this.#names.has(free); twin++) free = `${name}_${twin}`;
    this.#names.add(free);
    return free;
  }

  #get(value: Value, layout: Layout, make: () => string): string {
    return this.#shared(key(value, layout), make);
  }

  #shared(name: string, make: () => string): string {
    const known = this.#made.get(name);
    if (known !== undefined) return known;
    const made = make();
    this.#made.set(name, made);
    return made;
  }
}

function key({ node, output }: Value, layout: Layout): string {
  return `${layout} ${node.index}:${output}`;
}

/** ONNX's number of an element type. */
export function onnxType(type: DataType): number {
  const found = onnxTypes[type];
  if (found === undefined) throw new TypeError(`ONNX's graph of a network holds no ${type}`);
  return found;
}

function attributeOf(name: string, value: OnnxValue): OnnxAttribute {
  if (typeof value === 'number') return { name, type: 2, i: value };
  if (typeof value === 'string') return { name, type: 3, s: Buffer.from(value) };
  if ('float' in value) return { name, type: 1, f: value.float };
  return { name, type: 7, ints: value };
}

/** Elements with their axes in another order: axis i of the result is axis `order[i]`. */
function permutedBytes({ bytes, size }: Known, shape: Shape, order: readonly number[]): Uint8Array {
  const strides = shape.map((_, axis) => shape.slice(axis + 1).reduce((product, part) => product * part, 1));
  const sizes = order.map((axis) => shape[axis] as number);
  const steps = order.map((axis) => strides[axis] as number);
  const result = new Uint8Array(bytes.length);
  const at = new Array<number>(order.length).fill(0);
  const words = size === 4 && bytes.byteOffset % 4 === 0;
  const from = words ? new Uint32Array(bytes.buffer, bytes.byteOffset, bytes.length / 4) : bytes;
  const to = words ? new Uint32Array(result.buffer) : result;
  const unit = words ? 1 : size;
  let source = 0;
  for (let target = 0; target < bytes.length / size; target++) {
    for (let part = 0; part < unit; part++) to[target * unit + part] = from[source * unit + part] as number;
    for (let axis = order.length - 1; axis >= 0; axis--) {
      source += steps[axis] as number;
      at[axis] = (at[axis] as number) + 1;
      if ((at[axis] as number) < (sizes[axis] as number)) break;
      source -= (sizes[axis] as number) * (steps[axis] as number);
      at[axis] = 0;
    }
  }
  return result;
}
