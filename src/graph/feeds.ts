import { mixLength, type StepSpec, statsLength, targetForm } from '../contracts/index.js';
import type { ModelParameter } from '../models/parameters.js';
import {
  bitcast,
  canWriteProduct,
  type DataType,
  elementBytes,
  elementsPerSample,
  type GraphBuilder,
  type GraphNode,
  integers,
  reshape,
  type Shape,
  type Value,
  valueName,
  writeProduct,
} from '../ops/index.js';
import { piecewise } from './gradient-writes.js';

/** What to feed to a compiled function. */
export type GraphInput =
  | { readonly node: string; readonly role: 'pixels' | 'targets' | 'seed' | 'mix' | 'stats' }
  | {
      readonly node: string;
      readonly role: 'features';
      /** Of one sample. */
      readonly shape: readonly number[];
    }
  | {
      readonly node: string;
      readonly role: 'parameter' | 'gradient' | 'state';
      /** Place among `modelParameters(model)`. */
      readonly index: number;
      /** Shape of the placeholder: the parameter's, with a leading 1 for gradients and states, or cut into pieces. */
      readonly shape: readonly number[];
    }
  | FactorInput
  | MaskInput;

/** Of a gradient whose factors are exchanged (see `ProductSpec`). */
interface FactorInput {
  readonly node: string;
  /**
   * Where a shard leaves its rows of A, as 32-bit words, or of B; all rows of A, of B, and what each counts; the first
   * row of a part, as [0, row]; where the part's product goes.
   */
  readonly role:
    | 'inputFactor'
    | 'gradientFactor'
    | 'inputFactors'
    | 'gradientFactors'
    | 'rowShares'
    | 'firstRow'
    | 'product';
  /** Place of the parameter among `modelParameters(model)`. */
  readonly index: number;
  readonly shape: Shape;
}

/** A mask of bytes, each 1 with probability 1 - rate, else 0, drawn anew for every step by the key of step and layer. */
interface MaskInput {
  readonly node: string;
  readonly role: 'mask';
  /** Place among the random layers of the model. */
  readonly layer: number;
  readonly rate: number;
  /** -1 where the samples of the shard are counted. */
  readonly shape: readonly number[];
}

/** One entry of the graph: what to feed, in order, and what to fetch. */
export interface CompiledFunction {
  readonly inputs: readonly GraphInput[];
  readonly outputs: readonly string[];
}

/** A placeholder and what it is for. */
interface Feed {
  readonly value: Value;
  readonly input: GraphInput;
}

/** The placeholders of a model's graph: what can be fed, in the order in which it is. */
export class Placeholders {
  readonly pixels: Value;
  readonly targets: Value;
  readonly seed: Value;
  readonly mix: Value | undefined;
  /** One for each parameter. */
  readonly parameters: readonly Value[];
  readonly stats: Value;
  readonly #graph: GraphBuilder;
  readonly #all: Feed[] = [];
  readonly #masks = new Map<string, Value>();

  constructor(graph: GraphBuilder, spec: StepSpec, parameters: readonly ModelParameter[]) {
    this.#graph = graph;
    const { height, width, channels } = spec.image;
    const { type, shape } = targetForm(spec.targets, spec);
    this.pixels = this.#plain('pixels', graph.placeholder('pixels', 'uint8', [-1, height, width, channels]));
    this.targets =
      shape === undefined ? this.pixels : this.#plain('targets', graph.placeholder('targets', type, [-1, ...shape]));
    this.seed = this.#plain('seed', graph.placeholder('seed', 'int32', [2]));
    this.mix = spec.mix && this.#plain('mix', graph.placeholder('mix', 'float32', [mixLength]));
    this.parameters = parameters.map(({ spec: { name, shape } }, index) =>
      this.#indexed('parameter', index, graph.placeholder(`parameters/${name}`, 'float32', shape)),
    );
    this.stats = this.#plain('stats', graph.placeholder('stats', 'float32', [1, statsLength]));
  }

  /** Writes a value into the memory that is fed for a parameter's gradient or new state; returns what is there then. */
  write(role: 'gradient' | 'state', index: number, { spec: { name, shape } }: ModelParameter, value: Value): Value {
    const placeholder = (form: Shape): Value =>
      this.#indexed(role, index, this.#graph.placeholder(`${role}_slots/${name}`, 'float32', form));
    const product = piecewise(this.#graph, value);
    if (product === undefined) return this.#update(placeholder([1, ...shape]), value);
    const { pieces, rows, columns, left, right } = product;
    const slot = placeholder([pieces, rows, columns]);
    if (canWriteProduct(this.#graph, { left, slot })) {
      const shares = this.#graph.constant(0, 'float32', [0, 1]);
      return writeProduct(this.#graph, { left, right, shares, first: integers(this.#graph, [0, 0]), slot });
    }
    return product.write((place, piece) => this.put(slot, place, piece));
  }

  /** Makes a placeholder one that is fed as told; returns it. */
  add(value: Value, input: Pick<FactorInput, 'role' | 'index'>): Value {
    this.#all.push({ value, input: { node: value.node.name, shape: value.shape, ...input } });
    return value;
  }

  /** Writes a row into fed memory; returns what is there then, as some type. */
  put(slot: Value, place: Value, row: Value): Value {
    const { type } = slot;
    const wide = copiedAs(slot);
    if (wide !== type) return this.put(bitcast(this.#graph, slot, wide), place, bitcast(this.#graph, row, wide));
    return this.#graph.add('InplaceUpdate', [slot, place, row], { T: { type } }, slot, 'write');
  }

  /** Writes the stats line; returns what is there then. */
  writeStats(row: Value): Value {
    return this.#update(this.stats, row);
  }

  /** All placeholders. */
  get values(): Value[] {
    return this.#all.map(({ value }) => value);
  }

  /** The uint8 mask of a random layer: the same each time the layer asks. */
  mask(layer: number, rate: number, shape: Shape): Value {
    const place = `${layer}_${shape.map((size) => (size < 0 ? 'n' : size)).join('x')}`;
    const known = this.#masks.get(place);
    if (known !== undefined) return known;
    const value = this.#graph.placeholder(`masks/${place}`, 'uint8', shape);
    this.#masks.set(place, value);
    this.#all.push({ value, input: { node: value.node.name, role: 'mask', layer, rate, shape } });
    return value;
  }

  /** What to feed and fetch for values: only what they depend on. */
  entry(fetched: readonly Value[]): CompiledFunction {
    const reached = reach(fetched);
    return {
      inputs: this.#all.filter(({ value }) => reached.has(value.node)).map(({ input }) => input),
      outputs: fetched.map(valueName),
    };
  }

  /** A placeholder for what one part of a model gives to the other; `shape` is of one sample. */
  features(shape: readonly number[]): Value {
    const value = this.#graph.placeholder('features', 'float32', [-1, ...shape]);
    this.#all.push({ value, input: { node: value.node.name, role: 'features', shape } });
    return value;
  }

  #update(slot: Value, value: Value): Value {
    const row = reshape(this.#graph, value, slot.shape);
    return this.put(slot, this.#graph.constant([0], 'int32', [1]), row);
  }

  #plain(role: 'pixels' | 'targets' | 'seed' | 'mix' | 'stats', value: Value): Value {
    this.#all.push({ value, input: { node: value.node.name, role } });
    return value;
  }

  #indexed(role: 'parameter' | 'gradient' | 'state', index: number, value: Value): Value {
    this.#all.push({ value, input: { node: value.node.name, role, index, shape: value.shape } });
    return value;
  }
}

/** Below this many elements a row is written as what it is: two ops more would cost more than they save. */
const wideElements = 4096;

/**
 * As what a row is written: TensorFlow's InplaceUpdate copies elements one by one, so that a MiB of float32 takes twice as
 * long as the same bits as complex64, and four times as long as they could.
 */
function copiedAs({ type, shape }: Value): DataType {
  const row = shape.slice(1);
  const large = row.includes(-1) || elementsPerSample(row) >= wideElements;
  const last = (row.at(-1) ?? 1) * elementBytes[type];
  return large && last > 0 && last % elementBytes.complex64 === 0 ? 'complex64' : type;
}

/** All nodes that values depend on. */
export function reach(values: readonly Value[]): Set<GraphNode> {
  const reached = new Set<GraphNode>();
  const open = values.map((value) => value.node);
  for (let node = open.pop(); node !== undefined; node = open.pop()) {
    if (reached.has(node)) continue;
    reached.add(node);
    open.push(...node.inputs.map((value) => value.node), ...node.controls);
  }
  return reached;
}
