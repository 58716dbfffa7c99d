import { type Tensor, tf } from '../../base/tf.js';
import { reduce, reverse } from '../../ops/index.js';
import { type ArgumentRule, kept, meaningless, only } from '../arguments.js';
import { defineLayer } from '../definition.js';
import { OwnLayer } from '../own-layer.js';
import { single } from '../scope.js';
import { type BatchShape, onlyShape } from '../tfjs-layer.js';

/** Axes counted from the front; all but the batch where none is given. */
function axesOf(axes: readonly number[] | undefined, rank: number): number[] {
  const all = axes ?? [...Array(rank - 1).keys()].map((axis) => axis + 1);
  const places = all.map((axis) => (axis < 0 ? rank + axis : axis));
  if (places.includes(0)) throw new RangeError('a reduction over the batch');
  return places;
}

abstract class Reduction extends OwnLayer {
  override computeOutputShape(inputShape: BatchShape | BatchShape[]): BatchShape {
    const shape = onlyShape(inputShape);
    const axes = axesOf(this.settings.numbers('axis'), shape.length);
    if (this.settings.boolean('keepdims', false)) return shape.map((size, axis) => (axes.includes(axis) ? 1 : size));
    return shape.filter((_, axis) => !axes.includes(axis));
  }

  protected override compute(x: Tensor): Tensor {
    return this.reduced(x, axesOf(this.settings.numbers('axis'), x.rank), this.settings.boolean('keepdims', false));
  }

  protected abstract reduced(x: Tensor, axes: number[], keep: boolean): Tensor;
}

/** Keras's op `mean` as a layer. */
class Mean extends Reduction {
  static readonly className = 'Mean';

  protected override reduced(x: Tensor, axes: number[], keep: boolean): Tensor {
    return tf.mean(x, axes, keep);
  }
}

/** Keras's op `max` as a layer. */
class Max extends Reduction {
  static readonly className = 'Max';

  protected override reduced(x: Tensor, axes: number[], keep: boolean): Tensor {
    return tf.max(x, axes, keep);
  }
}

const axis: ArgumentRule = kept;
for (const [layer, op] of [
  [Mean, 'Mean'],
  [Max, 'Max'],
] as const) {
  defineLayer({
    className: layer.className,
    layer,
    arguments: { axis, keepdims: kept, initial: only(null), dtype: meaningless },
    lower: single(({ graph, settings }, x) =>
      reduce(graph, op, x, axesOf(settings.numbers('axis'), x.shape.length), settings.boolean('keepdims', false)),
    ),
  });
}

/** `x[..., ::-1]`: RGB to BGR. */
class ChannelReversal extends OwnLayer {
  static readonly className = 'ChannelReversal';

  protected override compute(x: Tensor): Tensor {
    return tf.reverse(x, -1);
  }
}

defineLayer({
  className: ChannelReversal.className,
  layer: ChannelReversal,
  arguments: {},
  lower: single(({ graph }, x) => reverse(graph, x, [x.shape.length - 1])),
});
