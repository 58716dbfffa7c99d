import { type Tensor, tf } from '../../base/tf.js';
import { slice } from '../../ops/index.js';
import { kept, only } from '../arguments.js';
import { defineLayer } from '../definition.js';
import { OwnLayer } from '../own-layer.js';
import { single } from '../scope.js';
import type { LayerSettings } from '../settings.js';
import { type BatchShape, onlyShape } from '../tfjs-layer.js';

/** First row and column of a crop from the middle, and its size; Keras resizes what is smaller, which is refused here. */
function crop(settings: LayerSettings, high: number, wide: number) {
  const [height, width] = [settings.number('height', high), settings.number('width', wide)];
  if (height > high || width > wide) throw new RangeError(`no crop of ${height}x${width} in ${high}x${wide}`);
  return { height, width, top: Math.floor((high - height) / 2), left: Math.floor((wide - width) / 2) };
}

/** Keras's `CenterCrop`. */
class CenterCrop extends OwnLayer {
  static readonly className = 'CenterCrop';

  override computeOutputShape(inputShape: BatchShape | BatchShape[]): BatchShape {
    const [batch = null, high, wide, channels = null] = onlyShape(inputShape);
    const { height, width } = crop(this.settings, high ?? 0, wide ?? 0);
    return [batch, height, width, channels];
  }

  protected override compute(x: Tensor): Tensor {
    const [, high = 0, wide = 0] = x.shape;
    const { height, width, top, left } = crop(this.settings, high, wide);
    return tf.slice(x, [0, top, left, 0], [-1, height, width, -1]);
  }
}

defineLayer({
  className: CenterCrop.className,
  layer: CenterCrop,
  arguments: { height: kept, width: kept, data_format: only('channels_last') },
  callDefaults: { training: true },
  lower: single(({ graph, settings }, x) => {
    const [, high, wide, channels] = x.shape as readonly [number, number, number, number];
    const { height, width, top, left } = crop(settings, high, wide);
    return slice(graph, x, [0, top, left, 0], [-1, height, width, channels]);
  }),
});
