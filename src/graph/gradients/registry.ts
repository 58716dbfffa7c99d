import type { Derivative, GraphNode, Value } from '../../ops/index.js';

/**
 * The gradient of one op: from the gradient of the node's first output to those of its inputs, undefined where none is
 * needed or none flows. `needs` says whether an input leads to a wanted value.
 */
type GradientFunction = Derivative['rule'];

/** Gradient functions by op. */
export type GradientTable = Readonly<Record<string, GradientFunction>>;

/** The input of a node that is known to have it. */
export function inputOf(node: GraphNode, index: number): Value {
  return node.inputs[index] as Value;
}

/** The output of a node that is known to have it. */
export function outputOf(node: GraphNode, index = 0): Value {
  return node.outputs[index] as Value;
}
