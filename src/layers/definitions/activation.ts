import {
  binary,
  cast,
  compare,
  type GraphBuilder,
  relu,
  scalarOf,
  scale,
  unary,
  type Value,
  withLast,
} from '../../ops/index.js';
import { activate, activation } from '../activations.js';
import { constraint, converted, kept, regularizer } from '../arguments.js';
import { defineLayer } from '../definition.js';
import { single } from '../scope.js';

/** x where it is positive, else x * slope. */
function leaky(graph: GraphBuilder, x: Value, slope: number): Value {
  const attributes = { T: { type: x.type }, alpha: { float: slope } } as const;
  return graph.add('LeakyRelu', [x], attributes, { type: x.type, shape: x.shape });
}

defineLayer({
  className: 'Activation',
  arguments: { activation },
  lower: single((scope, x) => activate(scope, x)),
});

defineLayer({
  className: 'ReLU',
  arguments: { max_value: converted, negative_slope: converted, threshold: converted },
  /** Keras's ReLU has a slope and a threshold that tfjs's has not: its other rectifiers have one each. */
  convert({ given, config, refuse }) {
    const limit = given['max_value'] ?? undefined;
    const slope = Number(given['negative_slope'] ?? 0);
    const theta = Number(given['threshold'] ?? 0);
    if (slope === 0 && theta === 0) {
      return { className: 'ReLU', config: limit === undefined ? config : { ...config, maxValue: limit } };
    }
    if (limit === undefined && theta === 0) return { className: 'LeakyReLU', config: { ...config, alpha: slope } };
    if (limit === undefined && slope === 0) return { className: 'ThresholdedReLU', config: { ...config, theta } };
    return refuse('a ReLU with one of max_value, negative_slope and threshold', given);
  },
  lower: single(({ graph, settings }, x) => {
    const positive = relu(graph, x);
    const highest = settings.get('maxValue');
    if (typeof highest !== 'number') return positive;
    if (highest === 6) return unary(graph, 'Relu6', x);
    return binary(graph, 'Minimum', positive, scalarOf(graph, x, highest));
  }),
});

defineLayer({
  className: 'LeakyReLU',
  arguments: { alpha: converted, negative_slope: converted },
  convert({ given, config }) {
    return { className: 'LeakyReLU', config: { ...config, alpha: given['alpha'] ?? given['negative_slope'] ?? 0.3 } };
  },
  lower: single((scope, x) => {
    const alpha = scope.settings.number('alpha', 0.3);
    if (!(alpha >= 0)) throw scope.error('an alpha of 0 or more', String(alpha));
    return leaky(scope.graph, x, alpha);
  }),
});

/** max(x, 0) + alpha min(x, 0) with alpha of its own for each place (or shared along axes). */
defineLayer({
  className: 'PReLU',
  arguments: {
    alpha_initializer: kept,
    alpha_regularizer: regularizer,
    alpha_constraint: constraint,
    shared_axes: kept,
  },
  lower: single((scope, x) => {
    const { graph } = scope;
    const alpha = cast(graph, scope.weight('alpha'), x.type);
    const negative = binary(graph, 'Minimum', x, scalarOf(graph, x, 0));
    return binary(graph, 'AddV2', relu(graph, x), binary(graph, 'Mul', alpha, negative));
  }),
});

defineLayer({
  className: 'ELU',
  arguments: { alpha: kept },
  lower: single((scope, x) => {
    const alpha = scope.settings.number('alpha', 1);
    const { graph } = scope;
    if (alpha === 1) return unary(graph, 'Elu', x);
    const negative = unary(graph, 'Elu', binary(graph, 'Minimum', x, scalarOf(graph, x, 0)));
    return binary(graph, 'AddV2', relu(graph, x), scale(graph, negative, alpha));
  }),
});

/** x where x > theta, else 0. */
defineLayer({
  className: 'ThresholdedReLU',
  arguments: { theta: kept },
  lower: single(({ graph, settings }, x) => {
    const above = compare(graph, 'Greater', x, scalarOf(graph, x, settings.number('theta', 1)));
    return binary(graph, 'Mul', x, cast(graph, above, x.type));
  }),
});

defineLayer({
  className: 'Softmax',
  arguments: { axis: kept },
  lower: single((scope, x) => {
    const axis = scope.settings.number('axis', -1);
    return withLast(scope.graph, x, axis < 0 ? x.shape.length + axis : axis, (last) =>
      activate(scope, last, 'softmax'),
    );
  }),
});
