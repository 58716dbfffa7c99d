import { type GraphBuilder, type GraphNode, hasUnitSteps, plainAttributes, type Value } from '../ops/index.js';

/** Sides of filters that the kernels have (src/native/kernels/ops/winograd-convolution.cc). */
const sides: readonly number[] = [3, 5];
/** Below so many channels the transforms take longer than the multiplications that they save. */
const fewestChannels = 16;
/** Below so many rows and columns most of a tile lies outside. */
const smallestImage = 4;

const [convolution, filterGradient] = ['ConvoyWinogradConvolution', 'ConvoyWinogradFilterGrad'];

/**
 * The same graph with convolutions of 3x3 and 5x5, and their gradients, by Winograd's minimal filtering where convoy's kernels
 * for it are quicker than TensorFlow's: stride 1, at least 16 channels. A bias and a ReLU become part of the convolution before
 * them where no other node reads its output.
 *
 * @param nodes of `graph`, inputs first; those of the result have the names and values of these.
 * @param results what is asked of the graph.
 */
export function withMinimalFiltering(
  graph: GraphBuilder,
  nodes: readonly GraphNode[],
  results: readonly Value[],
): GraphNode[] {
  if (!graph.kernels.has(convolution) || !graph.kernels.has(filterGradient)) return [...nodes];
  const users = usersByName(nodes, results);
  const gone = new Set<string>();
  const replaced = new Map<string, GraphNode>();
  const noBias = graph.constant([], 'float32', [0], 'no_bias');
  for (const node of nodes) {
    if (node.op === 'Conv2D') {
      const [x, filter] = node.inputs as readonly [Value, Value];
      if (!isWorthwhile(node, x, filter.shape, node.outputs[0] as Value)) continue;
      const { padding } = plainAttributes(node);
      const biased = onlyUser(users, node, 'BiasAdd');
      const rectified = onlyUser(users, biased ?? node, 'Relu');
      const last = rectified ?? biased ?? node;
      for (const { name } of [node, biased ?? node]) if (name !== last.name) gone.add(name);
      const size = { integers: (node.outputs[0] as Value).shape.slice(1, 3) };
      const attributes = { T: { type: x.type }, padding, size, turned: false, relu: rectified !== undefined } as const;
      const bias = biased === undefined ? noBias : (biased.inputs[1] as Value);
      replaced.set(last.name, { ...last, op: convolution as string, inputs: [x, filter, bias], attributes });
    } else if (node.op === 'Conv2DBackpropInput') {
      const [, filter, gradient] = node.inputs as readonly [Value, Value, Value];
      const x = node.outputs[0] as Value;
      if (!isWorthwhile(node, x, filter.shape, gradient)) continue;
      const side = filter.shape[0] as number;
      const turned = paddingOf(node, side).map((zeros) => side - 1 - zeros);
      const size = { integers: x.shape.slice(1, 3) };
      const attributes = {
        T: { type: x.type },
        padding: { integers: turned },
        size,
        turned: true,
        relu: false,
      } as const;
      const inputs = [gradient, filter, noBias];
      replaced.set(node.name, { ...node, op: convolution as string, inputs, attributes });
    } else if (node.op === 'Conv2DBackpropFilter') {
      const [x, , gradient] = node.inputs as readonly [Value, Value, Value];
      const filter = node.outputs[0] as Value;
      if (!isWorthwhile(node, x, filter.shape, gradient)) continue;
      const side = filter.shape[0] as number;
      const kernel = { integers: [side, side] };
      const attributes = { T: { type: x.type }, kernel, padding: { integers: paddingOf(node, side) } } as const;
      const made: GraphNode = { ...node, op: filterGradient as string, inputs: [x, gradient], attributes };
      replaced.set(node.name, made);
      // The sums for the bias come with it.
      for (const user of users.get(gradient.node.name) ?? []) {
        if (user.op !== 'BiasAddGrad' || user.inputs[0]?.output !== gradient.output) continue;
        const sums: Value = { ...(user.outputs[0] as Value), node: made, output: 1 };
        const identity = { T: { type: sums.type } } as const;
        replaced.set(user.name, { ...user, op: 'Identity', inputs: [sums], attributes: identity });
      }
    }
  }
  return inOrder([
    ...(replaced.size > 0 ? [noBias.node] : []),
    ...nodes.filter(({ name }) => !gone.has(name)).map((node) => replaced.get(node.name) ?? node),
  ]);
}

function isWorthwhile({ attributes }: GraphNode, x: Value, filter: readonly number[], y: Value): boolean {
  const [rows, columns, inputs, outputs] = filter as readonly [number, number, number, number];
  return (
    x.type === 'float32' &&
    sides.includes(rows) &&
    rows === columns &&
    hasUnitSteps(attributes) &&
    x.shape[3] === inputs &&
    Math.min(inputs, outputs) >= fewestChannels &&
    [...x.shape.slice(1, 3), ...y.shape.slice(1, 3)].every((size) => size >= smallestImage)
  );
}

/** Zeros above and to the left of x. */
function paddingOf({ attributes }: GraphNode, side: number): number[] {
  const zeros = attributes['padding'] === 'SAME' ? (side - 1) >> 1 : 0;
  return [zeros, zeros];
}

/** Who needs each node; whoever asks for a result counts as one more. */
function usersByName(nodes: readonly GraphNode[], results: readonly Value[]): Map<string, GraphNode[]> {
  const users = new Map<string, GraphNode[]>(results.map(({ node }) => [node.name, [node]]));
  for (const node of nodes) {
    for (const name of new Set([
      ...node.inputs.map((value) => value.node.name),
      ...node.controls.map((one) => one.name),
    ])) {
      users.set(name, [...(users.get(name) ?? []), node]);
    }
  }
  return users;
}

/** The node that alone reads what another gives, as its first input, where it is of that op. */
function onlyUser(users: ReadonlyMap<string, GraphNode[]>, { name }: GraphNode, op: string): GraphNode | undefined {
  const [user, ...others] = users.get(name) ?? [];
  return others.length === 0 && user?.op === op && user.inputs[0]?.node.name === name ? user : undefined;
}

/** Inputs before those that need them. */
function inOrder(nodes: readonly GraphNode[]): GraphNode[] {
  const byName = new Map(nodes.map((node) => [node.name, node]));
  const ordered = new Set<GraphNode>();
  const visit = (node: GraphNode | undefined): void => {
    if (node === undefined || ordered.has(node)) return;
    for (const input of node.inputs) visit(byName.get(input.node.name));
    for (const before of node.controls) visit(byName.get(before.name));
    ordered.add(node);
  };
  for (const node of nodes) visit(node);
  return [...ordered];
}
