import { type Tensor, tf } from '../../base/tf.js';
import { reshape, slice } from '../../ops/index.js';
import { defineLayer } from '../definition.js';
import { single } from '../scope.js';
import { type BatchShape, baseOptions, type LayerOptions, onlyInput, onlyShape } from '../tfjs-layer.js';

/** The first token of `[batch, tokens, features]`: `[batch, features]`. */
export class FirstToken extends tf.layers.Layer {
  static readonly className = 'FirstToken';

  constructor(options: LayerOptions = {}) {
    super(baseOptions(options));
  }

  override computeOutputShape(inputShape: BatchShape | BatchShape[]): BatchShape {
    const shape = onlyShape(inputShape);
    return [shape[0] ?? null, shape[2] ?? null];
  }

  override call(inputs: Tensor | Tensor[]): Tensor {
    return tf.tidy(() => {
      const x = onlyInput(inputs);
      return tf.squeeze(tf.slice(x, [0, 0, 0], [-1, 1, -1]), [1]);
    });
  }
}

defineLayer({
  className: FirstToken.className,
  layer: FirstToken,
  described: true,
  arguments: {},
  lower: single(({ graph }, x) => {
    const features = x.shape.at(-1) as number;
    return reshape(graph, slice(graph, x, [0, 0, 0], [-1, 1, features]), [-1, features]);
  }),
});
