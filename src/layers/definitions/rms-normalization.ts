import { type Tensor, tf } from '../../base/tf.js';
import { binary, cast, reduce, shift, unary } from '../../ops/index.js';
import { type ArgumentRule, kept } from '../arguments.js';
import { defineLayer } from '../definition.js';
import { OwnLayer } from '../own-layer.js';
import { single } from '../scope.js';
import { type BatchShape, fixedSize, onlyShape } from '../tfjs-layer.js';

/** The last axis alone, as a number or a list of it. */
const lastAxis: ArgumentRule = {
  passed: false,
  expected: '-1',
  accepts: (value) => value === -1 || (Array.isArray(value) && value.length === 1 && value[0] === -1),
};

/** What Keras adds to the mean square. */
const smallSquare = 1e-6;

/** Keras's `RMSNormalization` (Zhang and Sennrich 2019): the last axis divided by its root mean square, times `scale`. */
class RMSNormalization extends OwnLayer {
  static readonly className = 'RMSNormalization';
  #scale: ReturnType<OwnLayer['addWeight']> | undefined;

  override build(inputShape: BatchShape | BatchShape[]): void {
    this.#scale = this.constantWeight('scale', [fixedSize(onlyShape(inputShape), -1, this.name)], 1);
    this.built = true;
  }

  protected override compute(x: Tensor): Tensor {
    const square = tf.mean(tf.square(x), -1, true);
    const normal = tf.mul(x, tf.rsqrt(tf.add(square, this.settings.number('epsilon', smallSquare))));
    return this.#scale === undefined ? normal : tf.mul(normal, this.#scale.read());
  }
}

defineLayer({
  className: RMSNormalization.className,
  layer: RMSNormalization,
  arguments: { axis: lastAxis, epsilon: kept },
  lower: single((scope, x) => {
    const { graph, settings } = scope;
    const wide = cast(graph, x, 'float32');
    const square = reduce(graph, 'Mean', unary(graph, 'Square', wide), [x.shape.length - 1], true);
    const normal = binary(
      graph,
      'Mul',
      wide,
      unary(graph, 'Rsqrt', shift(graph, square, settings.number('epsilon', smallSquare))),
    );
    return cast(graph, binary(graph, 'Mul', normal, scope.weight('scale')), x.type);
  }),
});

/** What Keras's `UnitNormalization` adds to a square of a length. */
const smallLength = 1e-12;

/** Keras's `UnitNormalization`: the last axis divided by its length. */
class UnitNormalization extends OwnLayer {
  static readonly className = 'UnitNormalization';

  protected override compute(x: Tensor): Tensor {
    return tf.mul(x, tf.rsqrt(tf.maximum(tf.sum(tf.square(x), -1, true), smallLength)));
  }
}

defineLayer({
  className: UnitNormalization.className,
  layer: UnitNormalization,
  arguments: { axis: lastAxis },
  lower: single(({ graph }, x) => {
    const wide = cast(graph, x, 'float32');
    const square = reduce(graph, 'Sum', unary(graph, 'Square', wide), [x.shape.length - 1], true);
    const least = binary(graph, 'Maximum', square, graph.constant(smallLength, 'float32'));
    return cast(graph, binary(graph, 'Mul', wide, unary(graph, 'Rsqrt', least)), x.type);
  }),
});
