import { type Tensor, tf } from '../../base/tf.js';
import { cast, compare, reverse, scalarOf, select, slice, type Value } from '../../ops/index.js';
import { among, meaningless, only } from '../arguments.js';
import { defineLayer } from '../definition.js';
import { RestingLayer } from '../own-layer.js';
import { single } from '../scope.js';

/** Axes of images that a mode mirrors. */
const axesOf: Readonly<Record<string, readonly number[]>> = {
  horizontal: [2],
  vertical: [1],
  horizontalAndVertical: [2, 1],
};
const defaultMode = 'horizontalAndVertical';

/** Keras's `RandomFlip`: in training mirrors each image with probability 1/2. */
class RandomFlip extends RestingLayer {
  static readonly className = 'RandomFlip';
}

defineLayer({
  className: RandomFlip.className,
  layer: RandomFlip,
  arguments: {
    mode: among('horizontal', 'vertical', 'horizontal_and_vertical'),
    seed: meaningless,
    data_format: only('channels_last'),
  },
  callDefaults: { training: true },
  lower: single((scope, x) => {
    if (!scope.training) return x;
    const { graph, settings } = scope;
    const axes = axesOf[settings.string('mode', defaultMode)] ?? [];
    // One mask for all axes: it has one element an image and axis.
    const mask = cast(graph, scope.keepMask(0.5, [x.shape[0] as number, 1, 1, axes.length]), 'float32');
    return axes.reduce((image: Value, axis, which) => {
      const kept = compare(
        graph,
        'Greater',
        slice(graph, mask, [0, 0, 0, which], [-1, 1, 1, 1]),
        scalarOf(graph, mask, 0),
      );
      return select(graph, kept, image, reverse(graph, image, [axis]));
    }, x);
  }),
  draw: (settings, x, random, place) => {
    const axes = axesOf[settings.string('mode', defaultMode)] ?? [];
    const mask = random.keepMask([x.shape[0] ?? 1, 1, 1, axes.length], 0.5, place);
    return axes.reduce((image: Tensor, axis, which) => {
      const kept = tf.greater(tf.slice(mask, [0, 0, 0, which], [-1, 1, 1, 1]), 0);
      return tf.where(tf.tile(kept, [1, ...x.shape.slice(1)]), image, tf.reverse(image, axis));
    }, x);
  },
});
