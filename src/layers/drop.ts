import { type Tensor, tf } from '../base/tf.js';
import {
  binary,
  bitcast,
  cast,
  type DataType,
  type GraphBuilder,
  narrowDropout,
  reluGradient,
  type Shape,
  scale,
  unary,
  type Value,
} from '../ops/index.js';
import type { Draw, RandomSource } from './definition.js';
import { type LayerScope, type Lowering, single } from './scope.js';
import type { LayerSettings } from './settings.js';

/** The layer's mask, 1 where an element is kept, else 0, in a type; bfloat16 is made as int16, whose products are quicker. */
export function keepMask(scope: LayerScope, shape: Shape, rate: number, type: DataType): Value {
  return cast(scope.graph, scope.keepMask(rate, shape), type);
}

/** x where the mask is 1, else 0; on the bits of bfloat16, a mask of int16. */
function masked(graph: GraphBuilder, x: Value, keep: Value): Value {
  if (keep.type !== 'int16') return binary(graph, 'Mul', x, keep);
  const bits = bitcast(graph, x, 'int16');
  const dropped = bitcast(graph, binary(graph, 'Mul', bits, keep), x.type);
  graph.differentiate(dropped.node, {
    inputs: [x],
    rule: (_graph, _node, gradient) => [masked(graph, gradient, keep)],
  });
  return dropped;
}

/** The value times a factor by way of the weights of a convolution before it, if there is one: they are fewer. */
function scaledByWeights(graph: GraphBuilder, x: Value, factor: number): Value | undefined {
  const { node } = x;
  const [first, second] = node.inputs as readonly [Value, Value];
  const again = (inputs: readonly Value[]): Value =>
    graph.node(node.op, inputs, node.attributes, node.outputs, node.op).outputs[0] as Value;
  switch (node.op) {
    case 'Conv2D':
      return again([first, scaledWeight(graph, second, factor)]);
    case 'BiasAdd': {
      const scaled = scaledByWeights(graph, first, factor);
      return scaled && again([scaled, scaledWeight(graph, second, factor)]);
    }
    case 'MaxPool': {
      const scaled = scaledByWeights(graph, first, factor);
      return scaled && again([scaled]);
    }
    default:
      return undefined;
  }
}

function scaledWeight(graph: GraphBuilder, weight: Value, factor: number): Value {
  const exact = weight.node.op === 'Cast' ? (weight.node.inputs[0] as Value) : weight;
  return cast(graph, scale(graph, exact, factor), weight.type);
}

/**
 * Dropout of rectified convolutions. The scale goes into the convolution's weights; and as an output is positive just
 * where its input was and was kept, ReLU's gradient on the output is the gradient of both: no mask in the backward pass.
 */
function dropRectified(graph: GraphBuilder, keep: Value, x: Value, factor: number): Value | undefined {
  const before = x.node.op === 'Relu' ? scaledByWeights(graph, x.node.inputs[0] as Value, factor) : undefined;
  if (before === undefined) return undefined;
  const mask = keep.node.inputs[0] as Value; // as it is fed, in bytes
  const dropped = narrowDropout(graph, before, mask) ?? masked(graph, unary(graph, 'Relu', before), keep);
  graph.differentiate(dropped.node, {
    inputs: [before],
    rule: (_graph, _node, gradient) => [reluGradient(graph, gradient, dropped)],
  });
  return dropped;
}

/** Drops elements at random and scales the rest, so that the mean stays; `shape` has size 1 where drops are shared. */
export function drop(scope: LayerScope, x: Value, rate: number, shape: Shape = x.shape): Value {
  const { graph } = scope;
  const factor = 1 / (1 - rate);
  if (shape !== x.shape) {
    const keep = keepMask(scope, shape, rate, x.type);
    return binary(graph, 'Mul', x, scale(graph, keep, factor));
  }
  const keep = keepMask(scope, shape, rate, x.type === 'bfloat16' ? 'int16' : x.type);
  return dropRectified(graph, keep, x, factor) ?? masked(graph, scale(graph, x, factor), keep);
}

/** A layer that does something only in training, at a rate between 0 and 1. */
export function atRate(lower: (scope: LayerScope, x: Value, rate: number) => Value): Lowering {
  return single((scope, x) => {
    const rate = scope.settings.number('rate', 0);
    return scope.training && rate > 0 && rate < 1 ? lower(scope, x, rate) : x;
  });
}

/** x * mask / (1 - rate): inverted dropout (Srivastava et al. 2014), as both PyTorch and Keras scale it. */
function applyMask(x: Tensor, mask: Tensor, rate: number): Tensor {
  return tf.mul(tf.mul(x, 1 / (1 - rate)), mask);
}

/** The same for tensors: a layer that does something only at a rate between 0 and 1. */
export function drawAtRate(
  draw: (x: Tensor, random: RandomSource, place: number, rate: number, settings: LayerSettings) => Tensor,
): Draw {
  return (settings, x, random, place) => {
    const rate = settings.number('rate', 0);
    return rate > 0 && rate < 1 ? draw(x, random, place, rate, settings) : x;
  };
}

/** Dropout of tensors with masks of `shape`, which has size 1 where drops are shared. */
export function drawDropped(shape: (settings: LayerSettings, x: Tensor) => number[]): Draw {
  return drawAtRate((x, random, place, rate, settings) =>
    applyMask(x, random.keepMask(shape(settings, x), rate, place), rate),
  );
}
