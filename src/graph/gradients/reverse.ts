import { ConvoyError } from '../../base/errors.js';
import { addAll, type GraphBuilder, type GraphNode, type Value } from '../../ops/index.js';
import { activationGradients } from './activation.js';
import { arithmeticGradients } from './arithmetic.js';
import { convolutionGradients } from './convolution.js';
import { lossGradients } from './loss.js';
import { matrixGradients } from './matrix.js';
import { normalizationGradients } from './normalization.js';
import { poolingGradients } from './pooling.js';
import { reductionGradients } from './reduction.js';
import type { GradientTable } from './registry.js';
import { shapeGradients } from './shape.js';

const table: GradientTable = {
  ...arithmeticGradients,
  ...activationGradients,
  ...convolutionGradients,
  ...lossGradients,
  ...matrixGradients,
  ...normalizationGradients,
  ...poolingGradients,
  ...reductionGradients,
  ...shapeGradients,
};

/** Ops with a gradient function. */
export const differentiableOps: readonly string[] = Object.keys(table);

/**
 * Adds the nodes that compute the gradient of a scalar by reverse-mode differentiation. Only what lies between the
 * scalar and a wanted value is differentiated.
 *
 * @returns one gradient for each wanted value, undefined where the scalar does not depend on it.
 * @throws ConvoyError `CONVOY_MODEL` when an op on the way has no gradient function.
 */
export function gradients(graph: GraphBuilder, of: Value, wanted: readonly Value[]): (Value | undefined)[] {
  const forward = graph.nodes.slice(0, of.node.index + 1);
  const leads = new Set<GraphNode>(wanted.map((value) => value.node));
  const inputsOf = (node: GraphNode): readonly Value[] => graph.derivatives.get(node)?.inputs ?? node.inputs;
  for (const node of forward) {
    if (!stops.has(node.op) && inputsOf(node).some((value) => leads.has(value.node))) leads.add(node);
  }
  const collected = new Map<GraphNode, Value[]>([[of.node, [graph.constant(1, of.type, of.shape)]]]);
  return graph.scope('gradients', () => {
    for (const node of forward.toReversed()) {
      const parts = collected.get(node);
      if (parts === undefined || !leads.has(node) || node.inputs.length === 0) continue;
      const inputs = inputsOf(node);
      const rule = graph.derivatives.get(node)?.rule ?? table[node.op];
      if (rule === undefined) {
        throw new ConvoyError('CONVOY_MODEL', `Expected an op with a gradient at ${node.name} but found ${node.op}`, {
          place: node.name,
        });
      }
      graph.scope(node.name, () => {
        const total = addAll(graph, parts);
        const results = rule(graph, node, total, (input) => leads.has((inputs[input] as Value).node));
        results.forEach((result, input) => {
          const source = inputs[input] as Value;
          if (result === undefined || !leads.has(source.node) || source.output !== 0) return;
          const known = collected.get(source.node);
          if (known === undefined) collected.set(source.node, [result]);
          else known.push(result);
        });
      });
    }
    return wanted.map((value) => {
      const parts = collected.get(value.node);
      return parts === undefined ? undefined : addAll(graph, parts);
    });
  });
}

/** Ops through which no gradient flows. */
const stops = new Set([
  'StopGradient',
  'Shape',
  'ArgMax',
  'Equal',
  'Greater',
  'GreaterEqual',
  'Less',
  'LessEqual',
  'NotEqual',
]);
