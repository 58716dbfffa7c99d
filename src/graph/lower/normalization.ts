import type { GraphBuilder } from '../builder.js';
import { binary, cast, scalarOf, scale, shift, unary } from '../ops/elementwise.js';
import { fusedBatchNorm } from '../ops/neural.js';
import { reduce } from '../ops/reduce.js';
import { reshape, shapeOf, transpose } from '../ops/shape.js';
import type { Value } from '../types.js';
import { single, type LayerScope, type LoweringTable } from './scope.js';

/** A weight over channels, or a constant where the layer has none. */
function vector(scope: LayerScope, name: string, otherwise: number, channels: number): Value {
  return scope.has(name) ? scope.weight(name) : scope.graph.constant(otherwise, 'float32', [channels]);
}

/** Moves an axis to the end, runs `lower` and moves it back. */
function withLast(graph: GraphBuilder, x: Value, axis: number, lower: (x: Value) => Value): Value {
  const rank = x.shape.length;
  const order = [...x.shape.keys()].filter((place) => place !== axis).concat(axis);
  if (axis === rank - 1) return lower(x);
  return transpose(graph, lower(transpose(graph, x, order)), [...order.keys()].map((place) => order.indexOf(place)));
}

/**
 * The moving variance is renewed with the biased variance, as Keras and tfjs do; the kernel gives the unbiased one,
 * which is undone: (n - 1) / n with n elements a channel.
 */
function renewStatistics(scope: LayerScope, x: Value, mean: Value, variance: Value): void {
  const { graph } = scope;
  const momentum = scope.config.number('momentum', 0.99);
  const sizes = cast(graph, reduce(graph, 'Prod', shapeOf(graph, x), [0]), 'float32');
  const count = scale(graph, sizes, 1 / (x.shape.at(-1) as number));
  const biased = binary(graph, 'Sub', scalarOf(graph, count, 1), unary(graph, 'Reciprocal', count));
  const blend = (name: string, fresh: Value): void => {
    const old = scale(graph, scope.state(name), momentum);
    scope.renew(name, binary(graph, 'AddV2', old, scale(graph, fresh, 1 - momentum)));
  };
  blend('moving_mean', mean);
  blend('moving_variance', binary(graph, 'Mul', variance, biased));
}

function batchNormalization(scope: LayerScope, x: Value): Value {
  const { graph } = scope;
  const channels = x.shape.at(-1) as number;
  const rank = x.shape.length;
  if (rank > 4 || rank < 2) throw new RangeError(`batch normalization of rank ${rank}`);
  // The kernel takes images: other ranks become images of one row or column.
  const image = rank === 4 ? x : reshape(graph, x, [-1, rank === 3 ? (x.shape[1] as number) : 1, 1, channels]);
  const training = scope.pass.training && !scope.frozen;
  const node = fusedBatchNorm(
    graph,
    image,
    [
      vector(scope, 'gamma', 1, channels),
      vector(scope, 'beta', 0, channels),
      training ? graph.constant([], 'float32', [0]) : scope.weight('moving_mean'),
      training ? graph.constant([], 'float32', [0]) : scope.weight('moving_variance'),
    ],
    { epsilon: scope.config.number('epsilon', 1e-3), training },
  );
  const [y, mean, variance] = node.outputs as readonly [Value, Value, Value];
  if (training) renewStatistics(scope, image, mean, variance);
  return reshape(graph, y, x.shape);
}

/** (x - mean) / sqrt(variance + epsilon) over the given axes, in float32. */
function standardize(graph: GraphBuilder, x: Value, axes: readonly number[], epsilon: number): Value {
  const centered = binary(graph, 'Sub', x, reduce(graph, 'Mean', x, axes, true));
  const variance = reduce(graph, 'Mean', unary(graph, 'Square', centered), axes, true);
  return binary(graph, 'Mul', centered, unary(graph, 'Rsqrt', shift(graph, variance, epsilon)));
}

/** Batch and layer normalization (Ioffe and Szegedy 2015; Ba et al. 2016). */
export const normalizationLowerings: LoweringTable = {
  BatchNormalization: single((scope, x) => {
    const axis = scope.config.number('axis', -1);
    const last = axis < 0 ? x.shape.length + axis : axis;
    return withLast(scope.graph, x, last, (image) => batchNormalization(scope, image));
  }),
  LayerNormalization: single((scope, x) => {
    const { graph } = scope;
    const rank = x.shape.length;
    const axes = (scope.config.numbers('axis') ?? [-1]).map((axis) => (axis < 0 ? rank + axis : axis));
    const normal = standardize(graph, cast(graph, x, 'float32'), axes, scope.config.number('epsilon', 1e-3));
    const across = x.shape.map((size, axis) => (axes.includes(axis) ? size : 1)).slice(Math.min(...axes));
    const scaled = scope.has('gamma')
      ? binary(graph, 'Mul', normal, reshape(graph, scope.weight('gamma'), across))
      : normal;
    const shifted = scope.has('beta')
      ? binary(graph, 'AddV2', scaled, reshape(graph, scope.weight('beta'), across))
      : scaled;
    return cast(graph, shifted, x.type);
  }),
};
