import type { InferenceGraph } from '../graph/index.js';
import type { GraphNode } from '../ops/index.js';

/** A graph with its weights as constants in place of placeholders. */
export function withConstants(graph: InferenceGraph): InferenceGraph {
  const nodes = graph.nodes.map((node): GraphNode => {
    const weight = graph.weights.get(node);
    if (weight === undefined) return node;
    const [{ shape }] = node.outputs as readonly [GraphNode['outputs'][number]];
    const tensor = new Uint8Array(weight.buffer, weight.byteOffset, weight.byteLength);
    const type = 'float32' as const;
    return { ...node, op: 'Const', attributes: { dtype: { type }, value: { tensor, type, shape } } };
  });
  return { ...graph, nodes };
}
