import {
  binary,
  bitcast,
  cast,
  type DataType,
  type GraphBuilder,
  narrowDropout,
  negate,
  reluGradient,
  type Shape,
  scale,
  shapeOf,
  shift,
  unary,
  type Value,
} from '../../ops/index.js';
import { type LayerScope, type Lowering, type LoweringTable, single } from './scope.js';

/** Layers of tfjs that draw random numbers in training; layers of our own that do have a `keyedCall`. */
export const randomLayerClasses: ReadonlySet<string> = new Set([
  'AlphaDropout',
  'Dropout',
  'GaussianDropout',
  'GaussianNoise',
  'SpatialDropout1D',
]);

/** The layer's mask, 1 where an element is kept, else 0, in a type; bfloat16 is made as int16, whose products are quicker. */
function keepMask(scope: LayerScope, shape: Shape, rate: number, type: DataType): Value {
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

/** Standard normal numbers of a value's shape. */
export function normal(graph: GraphBuilder, key: Value, like: Value): Value {
  const attributes = { dtype: { type: 'float32' }, T: { type: 'int32' }, Tseed: { type: 'int32' } } as const;
  const output = { type: 'float32', shape: like.shape } as const;
  const noise = graph.add('StatelessRandomNormal', [shapeOf(graph, like), key], attributes, output);
  return cast(graph, noise, like.type);
}

/** Constants of self-normalizing networks (Klambauer et al. 2017), as tf.layers.alphaDropout has them. */
const seluAlpha = 1.6732632423543772;
const seluScale = 1.0507009873554805;

/** A layer that does something only in training, at a rate between 0 and 1. */
function atRate(lower: (scope: LayerScope, x: Value, rate: number) => Value): Lowering {
  return single((scope, x) => {
    const rate = scope.config.number('rate', 0);
    return scope.pass.training && rate > 0 && rate < 1 ? lower(scope, x, rate) : x;
  });
}

/** Dropout and its kin. */
export const randomLowerings: LoweringTable = {
  /** Inverted dropout (Srivastava et al. 2014). */
  Dropout: atRate((scope, x, rate) => {
    const noise = scope.config.get('noiseShape');
    if (!Array.isArray(noise)) return drop(scope, x, rate);
    const shape = x.shape.map((size, axis) => (typeof noise[axis] === 'number' ? Number(noise[axis]) : size));
    return drop(scope, x, rate, shape);
  }),
  /** Whole samples at once: stochastic depth (Huang et al. 2016). */
  DropPath: atRate((scope, x, rate) =>
    drop(
      scope,
      x,
      rate,
      x.shape.map((size, axis) => (axis === 0 ? size : 1)),
    ),
  ),
  /** Whole channels at once (Tompson et al. 2015). */
  SpatialDropout1D: atRate((scope, x, rate) => {
    const [batch, , channels] = x.shape as readonly [number, number, number];
    return drop(scope, x, rate, [batch, 1, channels]);
  }),
  /** Keeps mean and variance of what SELU gives (Klambauer et al. 2017). */
  AlphaDropout: atRate((scope, x, rate) => {
    const { graph } = scope;
    const dropped = -seluAlpha * seluScale;
    const keep = keepMask(scope, x.shape, rate, x.type);
    const a = ((1 - rate) * (1 + rate * dropped ** 2)) ** -0.5;
    const b = -a * dropped * rate;
    const lost = scale(graph, shift(graph, negate(graph, keep), 1), dropped);
    const mixed = binary(graph, 'AddV2', binary(graph, 'Mul', x, keep), lost);
    return shift(graph, scale(graph, mixed, a), b);
  }),
  /** Times 1 plus noise whose variance is that of dropout (Srivastava et al. 2014, section 10). */
  GaussianDropout: atRate((scope, x, rate) => {
    const { graph } = scope;
    const noise = scale(graph, normal(graph, scope.randomKey(), x), Math.sqrt(rate / (1 - rate)));
    return binary(graph, 'Mul', x, shift(graph, noise, 1));
  }),
  GaussianNoise: single((scope, x) => {
    if (!scope.pass.training) return x;
    const { graph } = scope;
    const noise = scale(graph, normal(graph, scope.randomKey(), x), scope.config.number('stddev', 0));
    return binary(graph, 'AddV2', x, noise);
  }),
};
