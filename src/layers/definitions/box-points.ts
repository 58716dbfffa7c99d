import { type Tensor, tf } from '../../base/tf.js';
import { type GridSize, levelPoints, levelsAt, pointCount } from '../../boxes/index.js';
import { binary, cast, concatenate, slice, unary } from '../../ops/index.js';
import { kept } from '../arguments.js';
import { defineLayer } from '../definition.js';
import { OwnLayer } from '../own-layer.js';
import { single } from '../scope.js';
import type { LayerSettings } from '../settings.js';

/** Coordinates of the points, [n, 4] as x, y, x, y; and what a distance of 1 moves each side by. */
function constants(settings: LayerSettings, found: number): { centres: number[]; steps: number[] } {
  const [height = 0, width = 0] = settings.numbers('image') ?? [];
  const size: GridSize = { height, width };
  const levels = levelsAt(size, settings.numbers('strides') ?? []);
  if (pointCount(levels) !== found) {
    throw new RangeError(`${found} points where images of ${height}x${width} have ${pointCount(levels)}`);
  }
  const { x, y, stride } = levelPoints(levels);
  const rows = [...x.keys()];
  return {
    centres: rows.flatMap((row) => [x[row], y[row], x[row], y[row]] as number[]),
    steps: rows.flatMap((row) => [-1, -1, 1, 1].map((sign) => sign * (stride[row] as number))),
  };
}

/**
 * Boxes of a detector without anchors, `[batch, points, 4 + classes]` to the same shape. Of each point the first four numbers become
 * left, top, right, bottom in pixels: softplus of each times the stride is the distance of that side. The others stay.
 * `image` is height and width of the images, `strides` those of the feature maps whose cells the points are, in their order.
 */
export class BoxPoints extends OwnLayer {
  static readonly className = 'BoxPoints';

  protected override compute(x: Tensor): Tensor {
    const [, points = 0, length = 4] = x.shape;
    const { centres, steps } = constants(this.settings, points);
    const distances = tf.softplus(tf.slice(x, [0, 0, 0], [-1, points, 4]));
    const sides = tf.add(tf.mul(distances, tf.tensor(steps, [1, points, 4])), tf.tensor(centres, [1, points, 4]));
    return tf.concat([sides, tf.slice(x, [0, 0, 4], [-1, points, length - 4])], 2);
  }
}

defineLayer({
  className: BoxPoints.className,
  layer: BoxPoints,
  arguments: { image: kept, strides: kept },
  lower: single(({ graph, settings }, given) => {
    const x = cast(graph, given, 'float32');
    const [, points = 0, length = 4] = x.shape;
    const { centres, steps } = constants(settings, points);
    const table = (values: readonly number[]) => graph.constant(values, 'float32', [1, points, 4], 'points');
    const distances = unary(graph, 'Softplus', slice(graph, x, [0, 0, 0], [-1, points, 4]));
    const sides = binary(graph, 'AddV2', binary(graph, 'Mul', distances, table(steps)), table(centres));
    return concatenate(graph, [sides, slice(graph, x, [0, 0, 4], [-1, points, length - 4])], 2);
  }),
});
