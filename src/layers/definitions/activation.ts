import { type Tensor, tf } from '../../base/tf.js';
import { binary, cast, compare, relu, scalarOf, scale, select, shift, unary, withLast } from '../../ops/index.js';
import { activate, activation, leakyRelu } from '../activations.js';
import { constraint, converted, kept, regularizer } from '../arguments.js';
import { defineLayer } from '../definition.js';
import { OwnLayer } from '../own-layer.js';
import { single } from '../scope.js';
import type { LayerSettings } from '../settings.js';

defineLayer({
  className: 'Activation',
  arguments: { activation },
  lower: single((scope, x) => activate(scope, x)),
});

/**
 * Keras's ReLU: min(x, maxValue) from the threshold on, negativeSlope (x - threshold) below it. tfjs's has the first alone.
 */
class Rectifier extends OwnLayer {
  static readonly className = 'ReLU';

  protected override compute(x: Tensor): Tensor {
    const { slope, threshold, limit } = rectifier(this.settings);
    const kept = limit === undefined ? x : tf.minimum(x, limit);
    if (slope === 0 && threshold === 0) return tf.relu(kept);
    // 1 above the threshold, else 0: tfjs has no gradient of comparisons, but one of steps.
    const above = tf.step(tf.sub(x, threshold));
    const below = tf.mul(tf.mul(tf.sub(x, threshold), slope), tf.sub(1, above));
    return tf.add(tf.mul(kept, above), below);
  }
}

function rectifier(settings: LayerSettings) {
  const limit = settings.get('maxValue');
  return {
    slope: settings.number('negativeSlope', 0),
    threshold: settings.number('threshold', 0),
    limit: typeof limit === 'number' ? limit : undefined,
  };
}

defineLayer({
  className: 'ReLU',
  layer: Rectifier,
  arguments: { max_value: kept, negative_slope: kept, threshold: kept },
  lower: single(({ graph, settings }, x) => {
    const { slope, threshold, limit } = rectifier(settings);
    if (slope !== 0 || threshold !== 0) {
      const kept = limit === undefined ? x : binary(graph, 'Minimum', x, scalarOf(graph, x, limit));
      const below = scale(graph, shift(graph, x, -threshold), slope);
      return select(graph, compare(graph, 'Greater', x, scalarOf(graph, x, threshold)), kept, below);
    }
    const positive = relu(graph, x);
    if (limit === undefined) return positive;
    if (limit === 6) return unary(graph, 'Relu6', x);
    return binary(graph, 'Minimum', positive, scalarOf(graph, x, limit));
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
    return leakyRelu(scope.graph, x, alpha);
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

/** x where it is positive, else alpha (exp(x) - 1); tfjs's knows an alpha of 1 alone. */
class ExponentialUnit extends OwnLayer {
  static readonly className = 'ELU';

  protected override compute(x: Tensor): Tensor {
    const negative = tf.mul(tf.elu(tf.minimum(x, 0)), this.settings.number('alpha', 1));
    return tf.add(tf.relu(x), negative);
  }
}

defineLayer({
  className: 'ELU',
  layer: ExponentialUnit,
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

/** Keras's `Softmax`; tfjs's knows the last axis alone. */
class Softmax extends OwnLayer {
  static readonly className = 'Softmax';

  protected override compute(x: Tensor): Tensor {
    const axis = this.settings.number('axis', -1);
    const place = axis < 0 ? x.rank + axis : axis;
    const order = [...Array(x.rank).keys()].map((at) => (at === place ? x.rank - 1 : at === x.rank - 1 ? place : at));
    return tf.transpose(tf.softmax(tf.transpose(x, order)), order);
  }
}

defineLayer({
  className: Softmax.className,
  layer: Softmax,
  arguments: {
    axis: {
      passed: true,
      expected: 'one axis behind the batch',
      accepts: (axis) => Number.isInteger(axis) && axis !== 0,
    },
  },
  lower: single((scope, x) => {
    const axis = scope.settings.number('axis', -1);
    return withLast(scope.graph, x, axis < 0 ? x.shape.length + axis : axis, (last) =>
      activate(scope, last, 'softmax'),
    );
  }),
});
