import { type Tensor, tf } from '../../base/tf.js';
import { largestGrowth, levelsAt, pointCount, ssdBoxes, ssdBoxesPerCell, ssdCoding } from '../../boxes/index.js';
import { binary, cast, concatenate, scalarOf, scale, slice, unary, type Value } from '../../ops/index.js';
import { kept } from '../arguments.js';
import { defineLayer } from '../definition.js';
import { OwnLayer } from '../own-layer.js';
import { single } from '../scope.js';
import type { LayerSettings } from '../settings.js';
import { type BatchShape, onlyShape } from '../tfjs-layer.js';

/** Of the default boxes, [1, boxes, 2] each: centres, sizes, and sizes by the weights of the offsets of centres. */
function constants(settings: LayerSettings, found: number): Readonly<Record<'centres' | 'sizes' | 'steps', number[]>> {
  const [height = 0, width = 0] = settings.numbers('image') ?? [];
  const levels = levelsAt({ height, width }, settings.numbers('strides') ?? []);
  const count = ssdBoxesPerCell * pointCount(levels);
  if (count !== found) throw new RangeError(`${found} boxes where images of ${height}x${width} have ${count}`);
  const boxes = ssdBoxes({ height, width }, levels);
  const rows = [...boxes.x.keys()];
  const pairs = (across: Float32Array, down: Float32Array): number[] =>
    rows.flatMap((row) => [across[row], down[row]] as number[]);
  const sizes = pairs(boxes.width, boxes.height);
  return { centres: pairs(boxes.x, boxes.y), sizes, steps: sizes.map((size) => size / ssdCoding[0]) };
}

/** The logarithm of the growth is the offset by this. */
const growth = 1 / ssdCoding[2];

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
    const { centres, sizes, steps } = constants(this.settings, boxes);
    const table = (values: number[]): Tensor => tf.tensor(values, [1, boxes, 2]);
    const part = (begin: number, size: number): Tensor => tf.slice(x, [0, 0, begin], [-1, boxes, size]);
    const middle = tf.add(tf.mul(part(0, 2), table(steps)), table(centres));
    const grown = tf.exp(tf.minimum(tf.mul(part(2, 2), growth), largestGrowth));
    const half = tf.mul(grown, table(sizes.map((size) => size / 2)));
    const classes = tf.sub(part(5, length - 5), part(4, 1));
    return tf.concat([tf.sub(middle, half), tf.add(middle, half), classes], 2);
  }
}

defineLayer({
  className: DefaultBoxes.className,
  layer: DefaultBoxes,
  arguments: { image: kept, strides: kept },
  lower: single(({ graph, settings }, given) => {
    const x = cast(graph, given, 'float32');
    const [, boxes = 0, length = 5] = x.shape;
    const { centres, sizes, steps } = constants(settings, boxes);
    const table = (values: readonly number[]): Value => graph.constant(values, 'float32', [1, boxes, 2], 'boxes');
    const part = (begin: number, size: number): Value => slice(graph, x, [0, 0, begin], [-1, boxes, size]);
    const middle = binary(graph, 'AddV2', binary(graph, 'Mul', part(0, 2), table(steps)), table(centres));
    const logarithm = scale(graph, part(2, 2), growth);
    const grown = unary(graph, 'Exp', binary(graph, 'Minimum', logarithm, scalarOf(graph, logarithm, largestGrowth)));
    const half = binary(graph, 'Mul', grown, table(sizes.map((size) => size / 2)));
    const classes = binary(graph, 'Sub', part(5, length - 5), part(4, 1));
    return concatenate(graph, [binary(graph, 'Sub', middle, half), binary(graph, 'AddV2', middle, half), classes], 2);
  }),
});
