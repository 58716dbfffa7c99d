import { type Tensor, tf } from '../../base/tf.js';
import { cast } from '../../ops/index.js';
import { only } from '../arguments.js';
import { defineLayer } from '../definition.js';
import { defaultEpsilon, normArguments, scaleAndShift, singleAxis, standardize } from '../norms.js';
import { tfjsClass } from '../own-layer.js';
import { single } from '../scope.js';
import { LayerSettings } from '../settings.js';
import { onlyInput } from '../tfjs-layer.js';

/** tfjs's layer, whose own call has no gradient without gamma or without beta. */
class LayerNormalization extends tfjsClass('LayerNormalization') {
  static readonly className = 'LayerNormalization';
  readonly #epsilon: number;

  constructor(config: Readonly<Record<string, unknown>> = {}) {
    super(config as never);
    this.#epsilon = new LayerSettings(config).number('epsilon', defaultEpsilon);
  }

  override call(inputs: Tensor | Tensor[]): Tensor {
    const { axis, gamma, beta } = this as unknown as {
      readonly axis: readonly number[];
      readonly gamma: { read(): Tensor } | null;
      readonly beta: { read(): Tensor } | null;
    };
    return tf.tidy(() => {
      const x = onlyInput(inputs);
      const { mean, variance } = tf.moments(x, [...axis], true);
      const normal = tf.mul(tf.sub(x, mean), tf.rsqrt(tf.add(variance, this.#epsilon)));
      const shape = x.shape.map((size, place) => (axis.includes(place) ? size : 1));
      const scaled = gamma === null ? normal : tf.mul(normal, tf.reshape(gamma.read(), shape));
      return beta === null ? scaled : tf.add(scaled, tf.reshape(beta.read(), shape));
    });
  }
}

/** Layer normalization (Ba et al. 2016). */
defineLayer({
  className: LayerNormalization.className,
  layer: LayerNormalization,
  arguments: { ...normArguments, rms_scaling: only(false) },
  convert: singleAxis('LayerNormalization'),
  lower: single((scope, x) => {
    const { graph, settings } = scope;
    const rank = x.shape.length;
    const axes = (settings.numbers('axis') ?? [-1]).map((axis) => (axis < 0 ? rank + axis : axis));
    const normal = standardize(graph, cast(graph, x, 'float32'), axes, settings.number('epsilon', defaultEpsilon));
    const across = x.shape.map((size, axis) => (axes.includes(axis) ? size : 1)).slice(Math.min(...axes));
    return cast(graph, scaleAndShift(scope, normal, across), x.type);
  }),
});
