import { ConvoyError } from '../base/errors.js';
import { encodeElements } from './elements.js';
import type { Attribute, Attributes, DataType, GraphNode, Shape, Value } from './types.js';

/** What a node's output is. */
interface OutputSpec {
  readonly type: DataType;
  readonly shape: Shape;
}

/**
 * A node's gradient where it is not that of its op: to values that need not be its inputs. For parts of the graph that
 * have a cheaper or more exact derivative as a whole.
 */
export interface Derivative {
  readonly inputs: readonly Value[];
  /** From the gradient of the node's first output to those of `inputs`; undefined where none flows. */
  readonly rule: (
    graph: GraphBuilder,
    node: GraphNode,
    gradient: Value,
    needs: (input: number) => boolean,
  ) => readonly (Value | undefined)[];
}

/** Ops that are not functions of their inputs: never shared between two places. */
const impure = new Set(['Placeholder', 'InplaceUpdate']);

/** Memory that an output is copied to: a value that lies there, of the output's type and shape, and the node that copies. */
export interface Destination {
  readonly memory: Value;
  readonly write: GraphNode;
}

/**
 * Collects the nodes of a graph. Two nodes with the same op, inputs and attributes are one node, so lowering may ask
 * for the same cast, constant or shape as often as it likes.
 *
 * Names are readable paths: `scope('conv2d_1', …)` puts what is made inside below `conv2d_1/`.
 */
export class GraphBuilder {
  readonly nodes: GraphNode[] = [];
  readonly derivatives = new Map<GraphNode, Derivative>();
  readonly destinations = new Map<GraphNode, Destination>();
  /** Ops of src/native/kernels that may be used; `bfloat16` is among them where theirs outdoes TensorFlow's. */
  readonly kernels: ReadonlySet<string>;
  readonly #names = new Set<string>();
  readonly #shared = new Map<string, GraphNode>();
  #scope = '';

  constructor({ kernels = [] }: { readonly kernels?: readonly string[] | undefined } = {}) {
    this.kernels = new Set(kernels);
  }

  /** Runs `make` with its nodes named below `name`. */
  scope<Result>(name: string, make: () => Result): Result {
    const outer = this.#scope;
    this.#scope = `${outer}${name.replace(/[^A-Za-z0-9_.\-/]/g, '_')}/`;
    try {
      return make();
    } finally {
      this.#scope = outer;
    }
  }

  /** Adds a node, or returns the node that already computes the same. Refuses NaN as `constant` does. */
  node(
    op: string,
    inputs: readonly Value[],
    attributes: Attributes,
    outputs: readonly OutputSpec[],
    name = op,
    controls: readonly GraphNode[] = [],
  ): GraphNode {
    for (const [key, attribute] of Object.entries(attributes)) {
      if (typeof attribute === 'object' && 'float' in attribute && Number.isNaN(attribute.float)) this.#refuseNaN(key);
    }
    const key = impure.has(op) ? undefined : nodeKey(op, inputs, attributes, controls);
    const known = key === undefined ? undefined : this.#shared.get(key);
    if (known !== undefined) return known;
    const values: Value[] = [];
    const node: GraphNode = {
      name: this.#unique(name),
      op,
      inputs,
      attributes,
      controls,
      outputs: values,
      index: this.nodes.length,
    };
    outputs.forEach((spec, output) => values.push({ node, output, type: spec.type, shape: spec.shape }));
    this.nodes.push(node);
    if (key !== undefined) this.#shared.set(key, node);
    return node;
  }

  /** Adds a node with one output and returns that. */
  add(op: string, inputs: readonly Value[], attributes: Attributes, output: OutputSpec, name = op): Value {
    return this.node(op, inputs, attributes, [output], name).outputs[0] as Value;
  }

  /** Says where a node's first output is copied to. */
  copied(node: GraphNode, destination: Destination): void {
    this.destinations.set(node, destination);
  }

  /** Gives a node a derivative of its own. */
  differentiate(node: GraphNode, derivative: Derivative): void {
    this.derivatives.set(node, derivative);
  }

  /** A value to be fed. */
  placeholder(name: string, type: DataType, shape: Shape): Value {
    return this.add('Placeholder', [], { dtype: { type }, shape: { shape } }, { type, shape }, name);
  }

  /**
   * A constant; `values` in row order, one number for all elements or one each.
   *
   * @throws ConvoyError `CONVOY_MODEL` when a number is NaN.
   */
  constant(values: number | readonly number[], type: DataType, shape: Shape = [], name = 'constant'): Value {
    const list = typeof values === 'number' ? [values] : values;
    if (list.some(Number.isNaN)) this.#refuseNaN(name);
    const count = shape.reduce((product, size) => product * size, 1);
    const filled = typeof values === 'number' && count !== 1 ? new Array<number>(count).fill(values) : list;
    const tensor = encodeElements(filled, type);
    return this.add('Const', [], { dtype: { type }, value: { tensor, type, shape } }, { type, shape }, name);
  }

  #refuseNaN(name: string): never {
    throw new ConvoyError('CONVOY_MODEL', `Expected numbers for the constant ${this.#scope}${name} but found NaN`, {
      place: this.#scope.replace(/\/$/, ''),
    });
  }

  #unique(name: string): string {
    const wanted = `${this.#scope}${name.replace(/[^A-Za-z0-9_.\-/]/g, '_')}`.replace(/^[^A-Za-z0-9.]+/, '');
    let free = wanted;
    for (let twin = 1; this.#names.has(free); twin++) free = `${wanted}_${twin}`;
    this.#names.add(free);
    return free;
  }
}

function nodeKey(op: string, inputs: readonly Value[], attributes: Attributes, controls: readonly GraphNode[]): string {
  const from = inputs.map((value) => `${value.node.index}:${value.output}`).join(',');
  const after = controls.map((node) => node.index).join(',');
  const settings = Object.keys(attributes)
    .sort()
    .map((key) => `${key}=${attributeKey(attributes[key] as Attribute)}`);
  return `${op}(${from}|${after}|${settings.join(';')})`;
}

function attributeKey(attribute: Attribute): string {
  if (typeof attribute !== 'object' || !('tensor' in attribute)) return JSON.stringify(attribute);
  return `${attribute.type}[${attribute.shape.join(',')}]${Buffer.from(attribute.tensor).toString('latin1')}`;
}
