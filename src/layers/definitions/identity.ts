import { type Tensor, tf } from '../../base/tf.js';
import { defineLayer } from '../definition.js';
import { single } from '../scope.js';
import { type BatchShape, onlyInput, onlyShape } from '../tfjs-layer.js';

/** Keras's `Identity`: its output is its input. */
export class Identity extends tf.layers.Layer {
  static readonly className = 'Identity';

  override computeOutputShape(inputShape: BatchShape | BatchShape[]): BatchShape {
    return onlyShape(inputShape);
  }

  override call(inputs: Tensor | Tensor[]): Tensor {
    return tf.tidy(() => tf.clone(onlyInput(inputs)));
  }
}

defineLayer({
  className: Identity.className,
  layer: Identity,
  described: true,
  arguments: {},
  lower: single((_scope, x) => x),
});
