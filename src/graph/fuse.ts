import { isPlain, plainAttributes } from './ops/plain.js';
import type { GraphNode, Value } from './types.js';

/** Windows of the kernel that convolves and pools at once (src/native/kernels/pooled-convolution.h). */
const fusedWindow = 2;

/**
 * The same graph with convolution, bias and maximum pooling in one node where nothing in training needs what comes between
 * them: that is four times as large as the pooling's output, and is then never written.
 *
 * @param nodes of a graph, inputs first.
 * @param training those that run in a training step.
 * @param kernels ops of our own that there are.
 * @returns nodes of a graph, inputs first, whose values are those of `nodes`.
 */
export function withPooledConvolutions(nodes: readonly GraphNode[], training: ReadonlySet<GraphNode>, kernels: ReadonlySet<string>): GraphNode[] {
  if (!kernels.has('ConvoyPooledConvolution')) return [...nodes];
  const users = usersOf(nodes);
  const unused = new Set<GraphNode>();
  /** Takes a user from a node, and the node from the graph when that was the last. */
  const release = (node: GraphNode, user: GraphNode): void => {
    const left = users.get(node);
    left?.delete(user);
    if (left?.size === 0) unused.add(node);
  };
  const fused = nodes.map((pool) => {
    const biased = pool.op === 'ConvoyMaxPool' ? (pool.inputs[0] as Value).node : undefined;
    if (biased?.op !== 'BiasAdd' || !hasFusedWindow(pool)) return pool;
    const [{ node: convolution, type }, bias] = biased.inputs as readonly [Value, Value];
    const isOnlyUser = (node: GraphNode, user: GraphNode): boolean => [...(users.get(node) ?? [])].every((other) => other === user || !training.has(other));
    if (!isPlain(convolution) || !isOnlyUser(biased, pool) || !isOnlyUser(convolution, biased)) return pool;
    // With tiles (AMX) TensorFlow's own convolution of bfloat16 is quicker.
    if (type !== 'float32' && !kernels.has('bfloat16')) return pool;
    release(biased, pool);
    if (unused.has(biased)) release(convolution, biased);
    const { window: _, ...attributes } = pool.attributes;
    const size = { integers: (pool.outputs[0] as Value).shape.slice(1, 3) };
    const { padding } = plainAttributes(convolution);
    return { ...pool, op: 'ConvoyPooledConvolution', inputs: [...convolution.inputs, bias], attributes: { ...attributes, padding, size } };
  });
  return fused.filter((node) => !unused.has(node));
}

function hasFusedWindow({ attributes }: GraphNode): boolean {
  const { integers } = attributes['window'] as { readonly integers: readonly number[] };
  return integers.every((size) => size === fusedWindow);
}

/** Which nodes need each one. */
function usersOf(nodes: readonly GraphNode[]): Map<GraphNode, Set<GraphNode>> {
  const users = new Map<GraphNode, Set<GraphNode>>(nodes.map((node) => [node, new Set()]));
  for (const node of nodes) {
    for (const used of [...node.inputs.map((value) => value.node), ...node.controls]) users.get(used)?.add(node);
  }
  return users;
}
