import {
  constantIntegers,
  pad,
  reshape,
  reshapeTo,
  reverse,
  shapeOf,
  slice,
  sumTo,
  transpose,
  type Value,
} from '../../ops/index.js';
import { type GradientTable, inputOf } from './registry.js';

/** Ops that only move elements. */
export const shapeGradients: GradientTable = {
  Reshape: (graph, node, gradient) => {
    const x = inputOf(node, 0);
    const free = x.shape.filter((size) => size < 0).length;
    return [free > 1 ? reshapeTo(graph, gradient, shapeOf(graph, x), x.shape) : reshape(graph, gradient, x.shape)];
  },
  BroadcastTo: (graph, node, gradient) => [sumTo(graph, gradient, inputOf(node, 0))],
  Transpose: (graph, node, gradient) => {
    const order = constantIntegers(inputOf(node, 1));
    return [
      transpose(
        graph,
        gradient,
        order.map((_, axis) => order.indexOf(axis)),
      ),
    ];
  },
  ReverseV2: (graph, node, gradient) => [reverse(graph, gradient, constantIntegers(inputOf(node, 1)))],
  ConcatV2: (graph, node, gradient, needs) => {
    const parts = node.inputs.slice(0, -1);
    const [axis = 0] = constantIntegers(inputOf(node, parts.length));
    let from = 0;
    return parts.map((part, input): Value | undefined => {
      const begin = part.shape.map((_, place) => (place === axis ? from : 0));
      from += part.shape[axis] as number;
      return needs(input) ? slice(graph, gradient, begin, part.shape) : undefined;
    });
  },
  Slice: (graph, node, gradient) => {
    const x = inputOf(node, 0);
    const begin = constantIntegers(inputOf(node, 1));
    const paddings = x.shape.map((size, axis): [number, number] => {
      const before = begin[axis] as number;
      return size < 0 ? [0, 0] : [before, size - before - (gradient.shape[axis] as number)];
    });
    return [pad(graph, gradient, paddings)];
  },
  Pad: (graph, node, gradient) => {
    const x = inputOf(node, 0);
    const before = constantIntegers(inputOf(node, 1)).filter((_, place) => place % 2 === 0);
    return [slice(graph, gradient, before, x.shape)];
  },
};
