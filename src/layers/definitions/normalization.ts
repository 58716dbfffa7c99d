import { type Tensor, tf } from '../../base/tf.js';
import { binary, cast, scalarOf, unary, type Value } from '../../ops/index.js';
import { converted, kept, meaningless } from '../arguments.js';
import { defineLayer } from '../definition.js';
import { OwnLayer } from '../own-layer.js';
import { type LayerScope, single } from '../scope.js';
import { type BatchShape, fixedSize, onlyShape, type SerializedConfig } from '../tfjs-layer.js';

/** Keras's smallest standard deviation, `keras.config.epsilon()`. */
const smallestDeviation = 1e-7;

/**
 * Keras's `Normalization`: `(x - mean) / max(sqrt(variance), 1e-7)` along the last axis, or of all numbers with `axis: null`,
 * with statistics that are never trained: arguments `mean` and `variance`, or weights that come from a file, `mean` and
 * `variance` of the channels, and the `count` of pixels they were taken from, kept so that Keras's files fit. Fresh, it
 * changes nothing: mean 0, variance 1. `invert` undoes it.
 */
export class FixedNormalization extends OwnLayer {
  static readonly className = 'Normalization';
  #mean: ReturnType<OwnLayer['addWeight']> | undefined;
  #variance: ReturnType<OwnLayer['addWeight']> | undefined;

  constructor(options: Readonly<Record<string, unknown>> = {}) {
    super({ ...options, trainable: false });
  }

  override build(inputShape: BatchShape | BatchShape[]): void {
    if (this.settings.numbers('mean') === undefined) {
      const shape = this.settings.get('axis') === null ? [] : [fixedSize(onlyShape(inputShape), -1, this.name)];
      this.#mean = this.constantWeight('mean', shape, 0, false);
      this.#variance = this.constantWeight('variance', shape, 1, false);
      this.constantWeight('count', [], 0, false);
    }
    this.built = true;
  }

  protected override compute(x: Tensor): Tensor {
    const [means, variances] = [this.settings.numbers('mean'), this.settings.numbers('variance')];
    const mean = means ? tf.tensor1d([...means]) : this.#mean?.read();
    const variance = variances ? tf.tensor1d([...variances]) : this.#variance?.read();
    if (mean === undefined || variance === undefined) throw new TypeError(`layer ${this.name} is not built`);
    const deviation = tf.maximum(tf.sqrt(variance), smallestDeviation);
    if (this.settings.boolean('invert', false)) return tf.add(mean, tf.mul(x, deviation));
    return tf.div(tf.sub(x, mean), deviation);
  }

  override getConfig(): SerializedConfig {
    return {
      ...super.getConfig(),
      meanInitializer: { className: 'Zeros', config: {} },
      varianceInitializer: { className: 'Ones', config: {} },
      countInitializer: { className: 'Zeros', config: {} },
    };
  }
}

/** Statistics of the layer's arguments, or its weights. */
function statistic(scope: LayerScope, name: 'mean' | 'variance'): Value {
  const given = scope.settings.numbers(name);
  return given === undefined ? scope.weight(name) : scope.graph.constant(given, 'float32', [given.length]);
}

defineLayer({
  className: FixedNormalization.className,
  layer: FixedNormalization,
  described: true,
  arguments: {
    axis: converted,
    invert: kept,
    mean: converted,
    variance: converted,
    mean_initializer: meaningless,
    variance_initializer: meaningless,
    count_initializer: meaningless,
  },
  convert({ given, config, inputShape, refuse }) {
    // Keras writes no axis at all as an empty list.
    const axes: unknown = given['axis'];
    const axis: unknown = Array.isArray(axes) && axes.length < 2 ? (axes[0] ?? null) : axes;
    const rank = Array.isArray(inputShape) ? inputShape.length : 4;
    if (axis !== undefined && axis !== null && axis !== -1 && axis !== rank - 1) {
      return refuse('normalization of the last axis or of all numbers', given['axis']);
    }
    const numbers = (value: unknown): number[] | undefined => {
      const flat: unknown[] = Array.isArray(value) ? value.flat(Number.POSITIVE_INFINITY) : [value];
      return flat.every((item) => typeof item === 'number') ? flat : undefined;
    };
    const [mean, variance] = [numbers(given['mean']), numbers(given['variance'])];
    if ((mean === undefined) !== (variance === undefined)) return refuse('mean and variance, or neither', given);
    const statistics = mean && variance ? { mean, variance } : {};
    return {
      className: FixedNormalization.className,
      config: { ...config, ...statistics, ...(axis === null ? { axis: null } : {}) },
    };
  },
  lower: single((scope, x) => {
    const { graph, settings } = scope;
    const [mean, variance] = [statistic(scope, 'mean'), statistic(scope, 'variance')];
    const root = unary(graph, 'Sqrt', variance);
    const deviation = binary(graph, 'Maximum', root, scalarOf(graph, variance, smallestDeviation));
    const wide = cast(graph, x, 'float32');
    if (settings.boolean('invert', false)) return binary(graph, 'AddV2', mean, binary(graph, 'Mul', wide, deviation));
    return binary(graph, 'RealDiv', binary(graph, 'Sub', wide, mean), deviation);
  }),
});
