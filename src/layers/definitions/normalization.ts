import { type Tensor, tf } from '../../base/tf.js';
import { binary, cast, scalarOf, unary } from '../../ops/index.js';
import { converted, meaningless, only } from '../arguments.js';
import { defineLayer } from '../definition.js';
import { single } from '../scope.js';
import {
  type BatchShape,
  baseOptions,
  fixedSize,
  type LayerOptions,
  onlyInput,
  onlyShape,
  type SerializedConfig,
} from '../tfjs-layer.js';

/** Keras's smallest standard deviation, `keras.config.epsilon()`. */
const smallestDeviation = 1e-7;

/**
 * Keras's `Normalization`: `(x - mean) / max(sqrt(variance), 1e-7)` along the last axis, with statistics that come from a
 * weights file and are never trained: `mean` and `variance` of the channels, and the `count` of pixels they were
 * taken from, kept so that Keras's files fit. Fresh, it changes nothing: mean 0, variance 1.
 */
export class FixedNormalization extends tf.layers.Layer {
  static readonly className = 'Normalization';
  #mean: ReturnType<FixedNormalization['addWeight']> | undefined;
  #variance: ReturnType<FixedNormalization['addWeight']> | undefined;

  constructor(options: LayerOptions = {}) {
    super({ ...baseOptions(options), trainable: false });
  }

  override build(inputShape: BatchShape | BatchShape[]): void {
    const channels = fixedSize(onlyShape(inputShape), -1, this.name);
    this.#mean = this.addWeight('mean', [channels], 'float32', tf.initializers.zeros(), undefined, false);
    this.#variance = this.addWeight('variance', [channels], 'float32', tf.initializers.ones(), undefined, false);
    this.addWeight('count', [], 'float32', tf.initializers.zeros(), undefined, false);
    this.built = true;
  }

  override computeOutputShape(inputShape: BatchShape | BatchShape[]): BatchShape {
    return onlyShape(inputShape);
  }

  override call(inputs: Tensor | Tensor[]): Tensor {
    return tf.tidy(() => {
      if (this.#mean === undefined || this.#variance === undefined)
        throw new TypeError(`layer ${this.name} is not built`);
      const deviation = tf.maximum(tf.sqrt(this.#variance.read()), smallestDeviation);
      return tf.div(tf.sub(onlyInput(inputs), this.#mean.read()), deviation);
    });
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

defineLayer({
  className: FixedNormalization.className,
  layer: FixedNormalization,
  arguments: {
    axis: converted,
    invert: only(false),
    mean: only(null),
    variance: only(null),
    mean_initializer: meaningless,
    variance_initializer: meaningless,
    count_initializer: meaningless,
  },
  lower: single((scope, x) => {
    const { graph } = scope;
    const variance = scope.weight('variance');
    const deviation = binary(
      graph,
      'Maximum',
      unary(graph, 'Sqrt', variance),
      scalarOf(graph, variance, smallestDeviation),
    );
    const centered = binary(graph, 'Sub', cast(graph, x, 'float32'), scope.weight('mean'));
    return binary(graph, 'RealDiv', centered, deviation);
  }),
});
