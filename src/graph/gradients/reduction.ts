import {
  binary,
  broadcastTo,
  cast,
  compare,
  constantIntegers,
  type GraphBuilder,
  type GraphNode,
  integers,
  reduce,
  reshapeTo,
  scalarOf,
  scale,
  select,
  shapeOf,
  type Value,
} from '../../ops/index.js';
import { type GradientTable, inputOf, outputOf } from './registry.js';

/** The shape of a reduction's input with the reduced axes of size 1. */
function keptShape(node: GraphNode): number[] {
  const x = inputOf(node, 0);
  const reduced = constantIntegers(inputOf(node, 1));
  return x.shape.map((size, axis) => (reduced.includes(axis) ? 1 : size));
}

/** Brings a value of the reduction's output shape to one that broadcasts against its input. */
function spread(graph: GraphBuilder, node: GraphNode, value: Value): Value {
  const kept = keptShape(node);
  return reshapeTo(graph, value, integers(graph, kept), kept);
}

/** Repeats an output's gradient over all elements that were reduced to it. */
function repeat(graph: GraphBuilder, node: GraphNode, gradient: Value): Value {
  const x = inputOf(node, 0);
  return broadcastTo(graph, spread(graph, node, gradient), shapeOf(graph, x), x.shape);
}

/** The greatest (or least) elements share the gradient equally. */
function extreme(graph: GraphBuilder, node: GraphNode, gradient: Value): readonly Value[] {
  const x = inputOf(node, 0);
  const hit = compare(graph, 'Equal', x, spread(graph, node, outputOf(node)));
  const count = reduce(graph, 'Sum', cast(graph, hit, x.type), constantIntegers(inputOf(node, 1)), true);
  const share = binary(graph, 'RealDiv', spread(graph, node, gradient), count);
  return [select(graph, hit, share, scalarOf(graph, share, 0))];
}

/** Reductions over constant axes. */
export const reductionGradients: GradientTable = {
  Sum: (graph, node, gradient) => [repeat(graph, node, gradient)],
  Mean: (graph, node, gradient) => {
    const x = inputOf(node, 0);
    const sizes = constantIntegers(inputOf(node, 1)).map((axis) => x.shape[axis] as number);
    if (sizes.includes(-1)) {
      const elements = (value: Value): Value => reduce(graph, 'Prod', shapeOf(graph, value), [0]);
      const count = binary(graph, 'FloorDiv', elements(x), elements(outputOf(node)));
      return [repeat(graph, node, binary(graph, 'RealDiv', gradient, cast(graph, count, x.type)))];
    }
    const share = scale(graph, gradient, 1 / sizes.reduce((product, size) => product * size, 1));
    return [repeat(graph, node, share)];
  },
  Max: extreme,
  Min: extreme,
};
