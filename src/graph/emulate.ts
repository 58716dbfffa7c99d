import type { Attribute, Attributes, DataType, GraphNode, Value } from '../ops/index.js';

/** Ops whose results are elements of their operands or zero: what was rounded before is rounded after. */
const exact: ReadonlySet<string> = new Set([
  'BroadcastTo',
  'ConcatV2',
  'ConvoyMaxPool',
  'ConvoyMaxPoolGrad',
  'Identity',
  'Max',
  'MaxPool',
  'Maximum',
  'Minimum',
  'Pad',
  'Relu',
  'Reshape',
  'ReverseV2',
  'SelectV2',
  'Slice',
  'Split',
  'StopGradient',
  'Transpose',
]);

/**
 * The same graph for a processor without bfloat16: its numbers are float32 that bfloat16 could hold, and every op that
 * computes with them does so in float32 and has its results rounded. So sums are those of processors that multiply
 * bfloat16, which add up in float32; the kernels that TensorFlow has for the others round partial sums to bfloat16.
 *
 * @param nodes of a graph, inputs first.
 * @returns nodes of a graph, inputs first; whatever was not in bfloat16 has the name it had.
 */
export function emulated(nodes: readonly GraphNode[]): GraphNode[] {
  const graph = new Rewriting(nodes);
  for (const node of nodes) {
    if (takesBits(node)) graph.keep(node);
    else graph.widen(node);
  }
  return graph.written;
}

/** Whether a node handles bfloat16 as it lies in memory: constants, conversions to it, and bits under another type. */
function takesBits({ op, attributes }: GraphNode): boolean {
  return op === 'Const' || op === 'Bitcast' || (op === 'Cast' && isBfloat16(attributes['DstT']));
}

function isBfloat16(attribute: Attribute | undefined): boolean {
  return typeof attribute === 'object' && 'type' in attribute && attribute.type === 'bfloat16';
}

class Rewriting {
  readonly written: GraphNode[] = [];
  readonly #names: Set<string>;
  /** What stands for a node and for a value of the old graph; for one in bfloat16 a float32. */
  readonly #nodes = new Map<GraphNode, GraphNode>();
  readonly #values = new Map<Value, Value>();

  constructor(nodes: readonly GraphNode[]) {
    this.#names = new Set(nodes.map(({ name }) => name));
  }

  /** Writes a node as it is, with conversions around it. */
  keep(node: GraphNode): void {
    const inputs = node.inputs.map((value) => this.#cast(this.#new(value), value.type, 'narrow'));
    this.#write(node, inputs, node.attributes, node.outputs);
    for (const value of node.outputs) {
      if (value.type === 'bfloat16') this.#values.set(value, this.#cast(this.#new(value), 'float32', 'wide'));
    }
  }

  /** Writes a node in float32, its results rounded. */
  widen(node: GraphNode): void {
    const attributes = Object.entries(node.attributes).map(([key, attribute]): [string, Attribute] => {
      return [key, isBfloat16(attribute) ? { type: 'float32' } : attribute];
    });
    const outputs = node.outputs.map(
      (value) => ({ ...value, type: value.type === 'bfloat16' ? 'float32' : value.type }) as const,
    );
    this.#write(
      node,
      node.inputs.map((value) => this.#new(value)),
      Object.fromEntries(attributes),
      outputs,
    );
    for (const value of node.outputs) {
      if (value.type !== 'bfloat16' || exact.has(node.op)) continue;
      const rounded = this.#cast(this.#new(value), 'bfloat16', 'rounded');
      this.#values.set(value, this.#cast(rounded, 'float32', 'wide'));
    }
  }

  #new(value: Value): Value {
    return this.#values.get(value) as Value;
  }

  #write(
    node: GraphNode,
    inputs: readonly Value[],
    attributes: Attributes,
    outputs: readonly Omit<Value, 'node'>[],
  ): void {
    const controls = node.controls.map((control) => this.#nodes.get(control) as GraphNode);
    const added = this.#add({ ...node, inputs, attributes, controls }, outputs);
    this.#nodes.set(node, added);
    for (const [output, value] of node.outputs.entries()) this.#values.set(value, added.outputs[output] as Value);
  }

  #cast(x: Value, type: DataType, suffix: string): Value {
    if (x.type === type) return x;
    const wanted = `${x.node.name}/${suffix}`;
    let name = wanted;
    for (let twin = 1; this.#names.has(name); twin++) name = `${wanted}_${twin}`;
    this.#names.add(name);
    const attributes = { SrcT: { type: x.type }, DstT: { type } } as const;
    return this.#add({ name, op: 'Cast', inputs: [x], attributes, controls: [] }, [{ ...x, output: 0, type }])
      .outputs[0] as Value;
  }

  #add(node: Omit<GraphNode, 'index' | 'outputs'>, outputs: readonly Omit<Value, 'node'>[]): GraphNode {
    const values: Value[] = [];
    const added: GraphNode = { ...node, outputs: values, index: this.written.length };
    for (const { output, type, shape } of outputs) values.push({ node: added, output, type, shape });
    this.written.push(added);
    return added;
  }
}
