import {
  type Destination,
  type GraphBuilder,
  type GraphNode,
  isUnitStride,
  plainAttributes,
  type Value,
} from '../ops/index.js';

/** Windows of the kernel that convolves and pools at once (src/native/kernels/pooled-convolution.h). */
const fusedWindow = 2;

/** What there is of a graph, inputs first. */
interface Fusible {
  readonly nodes: readonly GraphNode[];
  /** Those that run in a training step. */
  readonly training: ReadonlySet<GraphNode>;
  /** convoy's ops that this machine has. */
  readonly kernels: ReadonlySet<string>;
  /** Where outputs of nodes are copied to. */
  readonly destinations?: ReadonlyMap<GraphNode, Destination>;
}

/**
 * Of what a graph copies, the outputs of poolings that may become one node with the convolution before them; none where
 * numbers are emulated, which do not lie in memory as those of the type do.
 */
export function fusedDestinations(
  { kernels, destinations }: GraphBuilder,
  emulated = false,
): Map<GraphNode, Destination> {
  if (emulated || !kernels.has('ConvoyPooledConvolutionInto')) return new Map();
  return new Map([...destinations].filter(([{ op }]) => op === 'ConvoyMaxPool'));
}

/**
 * The same graph with convolution, bias and maximum pooling in one node where nothing in training needs what comes between
 * them: that is four times as large as the pooling's output, and is then never written. An output that is copied elsewhere
 * is written there in the first place.
 *
 * @returns nodes of a graph, inputs first, whose values are those of `nodes`.
 */
export function withPooledConvolutions({ nodes, training, kernels, destinations = new Map() }: Fusible): GraphNode[] {
  if (!kernels.has('ConvoyPooledConvolution')) return [...nodes];
  const users = usersOf(nodes);
  const writes = new Map<GraphNode, GraphNode>();
  const memories = ancestors([...destinations.values()].map(({ memory }) => memory.node));
  const ordered = [...nodes.filter((node) => memories.has(node)), ...nodes.filter((node) => !memories.has(node))];
  const fused = ordered.map((node) => {
    const written = writes.get(node);
    // What the copy gave is there once the pooling is.
    if (written !== undefined) return { ...node, op: 'Identity', inputs: node.inputs.slice(0, 1), controls: [written] };
    const parts = node.op === 'ConvoyMaxPool' ? partsOf(node, training, users) : undefined;
    // With tiles (AMX) TensorFlow's own convolution of bfloat16 is quicker.
    if (parts === undefined || (parts.bias.type !== 'float32' && !kernels.has('bfloat16'))) return node;
    const { window: _, ...attributes } = node.attributes;
    const size = { integers: (node.outputs[0] as Value).shape.slice(1, 3) };
    const { padding } = plainAttributes(parts.convolution);
    const destination = destinations.get(node);
    if (destination !== undefined) writes.set(destination.write, node);
    const [op, into] =
      destination === undefined
        ? ['ConvoyPooledConvolution', []]
        : ['ConvoyPooledConvolutionInto', [destination.memory]];
    return {
      ...node,
      op,
      inputs: [...parts.convolution.inputs, parts.bias, ...into],
      attributes: { ...attributes, padding, size },
    };
  });
  return used(fused, nodes);
}

/** The convolution and bias before a pooling that can be one node with it. */
function partsOf(
  pool: GraphNode,
  training: ReadonlySet<GraphNode>,
  users: ReadonlyMap<GraphNode, ReadonlySet<GraphNode>>,
): { readonly convolution: GraphNode; readonly bias: Value } | undefined {
  const biased = (pool.inputs[0] as Value).node;
  const { integers } = pool.attributes['window'] as { readonly integers: readonly number[] };
  if (biased.op !== 'BiasAdd' || integers.some((size) => size !== fusedWindow)) return undefined;
  const [{ node: convolution }, bias] = biased.inputs as readonly [Value, Value];
  const isOnlyUser = (node: GraphNode, user: GraphNode): boolean =>
    [...(users.get(node) ?? [])].every((other) => other === user || !training.has(other));
  return isUnitStride(convolution) && isOnlyUser(biased, pool) && isOnlyUser(convolution, biased)
    ? { convolution, bias }
    : undefined;
}

/** Which nodes need each one. */
function usersOf(nodes: readonly GraphNode[]): Map<GraphNode, Set<GraphNode>> {
  const users = new Map<GraphNode, Set<GraphNode>>(nodes.map((node) => [node, new Set()]));
  for (const node of nodes) for (const needed of neededBy(node)) users.get(needed)?.add(node);
  return users;
}

/** Those of some nodes that others need, or that none needed in the graph `before` either: its results. */
function used(nodes: readonly GraphNode[], before: readonly GraphNode[]): GraphNode[] {
  const names = (of: readonly GraphNode[]): Set<string> => new Set(of.flatMap(neededBy).map(({ name }) => name));
  const inner = names(before);
  const wanted = new Set<string>();
  return nodes
    .toReversed()
    .filter((node) => {
      const kept = !inner.has(node.name) || wanted.has(node.name);
      if (kept) for (const { name } of neededBy(node)) wanted.add(name);
      return kept;
    })
    .reverse();
}

/** Nodes and all that they need. */
function ancestors(nodes: readonly GraphNode[], found = new Set<GraphNode>()): Set<GraphNode> {
  for (const node of nodes) {
    if (found.has(node)) continue;
    found.add(node);
    ancestors(neededBy(node), found);
  }
  return found;
}

function neededBy({ inputs, controls }: GraphNode): GraphNode[] {
  return [...inputs.map((value) => value.node), ...controls];
}
