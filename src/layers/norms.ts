import { binary, type GraphBuilder, reduce, reshape, shift, unary, type Value } from '../ops/index.js';
import { type Arguments, type Conversion, constraint, kept, regularizer } from './arguments.js';
import type { LayerScope } from './scope.js';

/** What Keras and tfjs add to a variance where a layer does not say. */
export const defaultEpsilon = 1e-3;

/** Arguments of layers that normalize, then scale by gamma and shift by beta. */
export const normArguments: Arguments = {
  axis: kept,
  epsilon: kept,
  center: kept,
  scale: kept,
  beta_initializer: kept,
  gamma_initializer: kept,
  beta_regularizer: regularizer,
  gamma_regularizer: regularizer,
  beta_constraint: constraint,
  gamma_constraint: constraint,
};

/** An axis as a number where a file has it as a list of one. */
export function singleAxis(className: string): Conversion {
  return ({ config }) => {
    const { axis } = config;
    return { className, config: Array.isArray(axis) && axis.length === 1 ? { ...config, axis: axis[0] } : config };
  };
}

/** (x - mean) / sqrt(variance + epsilon) over the given axes, in float32. */
export function standardize(graph: GraphBuilder, x: Value, axes: readonly number[], epsilon: number): Value {
  const centered = binary(graph, 'Sub', x, reduce(graph, 'Mean', x, axes, true));
  const variance = reduce(graph, 'Mean', unary(graph, 'Square', centered), axes, true);
  return binary(graph, 'Mul', centered, unary(graph, 'Rsqrt', shift(graph, variance, epsilon)));
}

/** Scales by gamma and shifts by beta, as far as the layer has them; `shape` is theirs against x. */
export function scaleAndShift(scope: LayerScope, x: Value, shape: readonly number[]): Value {
  const { graph } = scope;
  const weight = (name: string): Value => reshape(graph, scope.weight(name), shape);
  const scaled = scope.has('gamma') ? binary(graph, 'Mul', x, weight('gamma')) : x;
  return scope.has('beta') ? binary(graph, 'AddV2', scaled, weight('beta')) : scaled;
}
