import { type Tensor, tf } from '../../base/tf.js';
import {
  levelsAt,
  pointCount,
  rpnAnchors,
  rpnAnchorsPerCell,
  ssdBoxes,
  ssdBoxesPerCell,
  ssdCoding,
} from '../../boxes/index.js';
import { binary, cast, concatenate, slice } from '../../ops/index.js';
import { kept } from '../arguments.js';
import { decodedTensor, decodedValue, type References } from '../decoded-boxes.js';
import { defineLayer } from '../definition.js';
import { OwnLayer } from '../own-layer.js';
import { single } from '../scope.js';
import type { LayerSettings } from '../settings.js';
import { type BatchShape, onlyShape } from '../tfjs-layer.js';

/** The reference boxes of the feature maps that a layer's settings name. */
function references(settings: LayerSettings, found: number, kind: 'ssd' | 'rpn'): References {
  const [height = 0, width = 0] = settings.numbers('image') ?? [];
  const levels = levelsAt({ height, width }, settings.numbers('strides') ?? []);
  const count = (kind === 'ssd' ? ssdBoxesPerCell : rpnAnchorsPerCell) * pointCount(levels);
  if (count !== found) throw new RangeError(`${found} boxes where images of ${height}x${width} have ${count}`);
  return kind === 'ssd'
    ? { corners: ssdBoxes({ height, width }, levels), weights: ssdCoding }
    : { corners: rpnAnchors({ height, width }, levels), weights: [1, 1, 1, 1] };
}

/**
 * Boxes of SSD, `[batch, boxes, 5 + classes]` to `[batch, boxes, 4 + classes]`. Of each default box the first four numbers, offsets as
 * torchvision's `BoxCoder` has them, become left, top, right, bottom in pixels. The next is the background's logit: it is taken off
 * those of the classes, which changes no probability. `image` is height and width of the images, `strides` those of the feature maps.
 */
export class DefaultBoxes extends OwnLayer {
  static readonly className = 'DefaultBoxes';

  override computeOutputShape(inputShape: BatchShape | BatchShape[]): BatchShape {
    const shape = onlyShape(inputShape);
    return [...shape.slice(0, -1), (shape.at(-1) ?? 5) - 1];
  }

  protected override compute(x: Tensor): Tensor {
    const [, boxes = 0, length = 5] = x.shape;
    const part = (begin: number, size: number): Tensor => tf.slice(x, [0, 0, begin], [-1, boxes, size]);
    const decoded = decodedTensor(x, references(this.settings, boxes, 'ssd'));
    return tf.concat([decoded, tf.sub(part(5, length - 5), part(4, 1))], 2);
  }
}

defineLayer({
  className: DefaultBoxes.className,
  layer: DefaultBoxes,
  arguments: { image: kept, strides: kept },
  lower: single(({ graph, settings }, given) => {
    const x = cast(graph, given, 'float32');
    const [, boxes = 0, length = 5] = x.shape;
    const part = (begin: number, size: number) => slice(graph, x, [0, 0, begin], [-1, boxes, size]);
    const decoded = decodedValue(graph, x, references(settings, boxes, 'ssd'));
    return concatenate(graph, [decoded, binary(graph, 'Sub', part(5, length - 5), part(4, 1))], 2);
  }),
});

/**
 * Boxes of a region proposal network, `[batch, anchors, 4 + classes]` to the same shape: the first four numbers, offsets from the
 * anchors, become left, top, right, bottom in pixels. The others stay. `image` and `strides` as of `DefaultBoxes`.
 */
export class AnchorBoxes extends OwnLayer {
  static readonly className = 'AnchorBoxes';

  protected override compute(x: Tensor): Tensor {
    const [, boxes = 0, length = 4] = x.shape;
    const decoded = decodedTensor(x, references(this.settings, boxes, 'rpn'));
    return tf.concat([decoded, tf.slice(x, [0, 0, 4], [-1, boxes, length - 4])], 2);
  }
}

defineLayer({
  className: AnchorBoxes.className,
  layer: AnchorBoxes,
  arguments: { image: kept, strides: kept },
  lower: single(({ graph, settings }, given) => {
    const x = cast(graph, given, 'float32');
    const [, boxes = 0, length = 4] = x.shape;
    const decoded = decodedValue(graph, x, references(settings, boxes, 'rpn'));
    return concatenate(graph, [decoded, slice(graph, x, [0, 0, 4], [-1, boxes, length - 4])], 2);
  }),
});
