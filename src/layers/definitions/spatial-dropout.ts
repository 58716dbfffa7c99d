import { type Tensor, tf } from '../../base/tf.js';
import { dataFormat, kept, meaningless } from '../arguments.js';
import { defineLayer } from '../definition.js';
import { atRate, drawDropped, drop } from '../drop.js';
import { OwnLayer } from '../own-layer.js';

/** Keras's `SpatialDropout2D` (Tompson et al. 2015): whole channels at once. Called by tfjs alone it rests. */
class SpatialDropout2D extends OwnLayer {
  static readonly className = 'SpatialDropout2D';

  protected override compute(x: Tensor): Tensor {
    return tf.clone(x);
  }
}

defineLayer({
  className: SpatialDropout2D.className,
  layer: SpatialDropout2D,
  arguments: { rate: kept, seed: meaningless, data_format: dataFormat },
  callDefaults: { training: false },
  lower: atRate((scope, x, rate) => {
    const [batch, a, , c] = x.shape as readonly [number, number, number, number];
    const isFirst = scope.settings.string('dataFormat', 'channelsLast') === 'channelsFirst';
    return drop(scope, x, rate, isFirst ? [batch, a, 1, 1] : [batch, 1, 1, c]);
  }),
  draw: drawDropped((settings, x) => {
    const [batch = 1, a = 1, , c = 1] = x.shape;
    return settings.string('dataFormat', 'channelsLast') === 'channelsFirst' ? [batch, a, 1, 1] : [batch, 1, 1, c];
  }),
});
