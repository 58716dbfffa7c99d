import { type Tensor, type Tensor4D, tf } from '../../base/tf.js';
import { slice } from '../../ops/index.js';
import { kept, only } from '../arguments.js';
import { defineLayer } from '../definition.js';
import { fittedTensor, fittedValue } from '../interpolation.js';
import { OwnLayer } from '../own-layer.js';
import { single } from '../scope.js';
import type { LayerSettings } from '../settings.js';
import { type BatchShape, onlyShape } from '../tfjs-layer.js';

function sizeOf(settings: LayerSettings): readonly [height: number, width: number] {
  return [settings.number('height', 1), settings.number('width', 1)];
}

/** First row and column of a crop from the middle; undefined where the image is smaller on a side. */
function corner(settings: LayerSettings, high: number, wide: number): readonly [number, number] | undefined {
  const [height, width] = sizeOf(settings);
  if (height > high || width > wide) return undefined;
  return [Math.floor((high - height) / 2), Math.floor((wide - width) / 2)];
}

/** Keras's `CenterCrop`: of a smaller image the largest window of the size's ratio, resized. */
class CenterCrop extends OwnLayer {
  static readonly className = 'CenterCrop';

  override computeOutputShape(inputShape: BatchShape | BatchShape[]): BatchShape {
    const shape = onlyShape(inputShape);
    return [shape[0] ?? null, ...sizeOf(this.settings), shape[3] ?? null];
  }

  protected override compute(x: Tensor): Tensor {
    const size = sizeOf(this.settings);
    const from = corner(this.settings, x.shape[1] ?? 0, x.shape[2] ?? 0);
    if (from === undefined) return fittedTensor(x as Tensor4D, size, 'bilinear', 'crop');
    return tf.slice(x, [0, ...from, 0], [-1, ...size, -1]);
  }
}

defineLayer({
  className: CenterCrop.className,
  layer: CenterCrop,
  arguments: { height: kept, width: kept, data_format: only('channels_last') },
  callDefaults: { training: true },
  lower: single((scope, x) => {
    const [, high, wide, channels] = x.shape as readonly [number, number, number, number];
    const size = sizeOf(scope.settings);
    const from = corner(scope.settings, high, wide);
    if (from === undefined) return fittedValue(scope, x, size, 'bilinear', 'crop');
    return slice(scope.graph, x, [0, ...from, 0], [-1, ...size, channels]);
  }),
});
