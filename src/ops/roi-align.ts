import type { GraphBuilder } from './builder.js';
import { binary, cast, compare, scalarOf, scale, select, shift, unary } from './elementwise.js';
import { averagePool } from './neural.js';
import { concatenate, integers, reshape, slice } from './shape.js';
import type { Value } from './types.js';

/** How regions are sampled from the levels of a feature pyramid. */
export interface RoiAlignSettings {
  /** Bins of a region: height, width. */
  readonly bins: readonly [number, number];
  /** Pixels of the image between those of each level, which is a power of two, the finest level first. */
  readonly strides: readonly number[];
  /** Points a side of a bin, at least 1. */
  readonly samplingRatio: number;
  /** True: pixels have their values at their centres. */
  readonly aligned: boolean;
}

/** Side of a box, in pixels, that belongs to the pyramid's level of stride 16: Lin et al. 2017, equation 1. */
export const canonicalSide = 224;

/** Far outside of every map: nothing is sampled there. */
const outside = -10;

/**
 * RoIAlign (He et al. 2017, section 3) as torchvision's `MultiScaleRoIAlign`: each region is sampled from the level for its size. By
 * TensorFlow's `CropAndResize`, which gives 0 beyond the outer pixels, where torchvision takes these up to one pixel away: so each map is
 * surrounded by copies of its outer pixels first. Regions have no gradient, as in torchvision.
 *
 * @param maps [batch, height, width, channels] of each level.
 * @param boxes [n, 4], left, top, right, bottom in pixels of the image.
 * @param images int32 [n], index in the batch of each box.
 * @returns [n, bins, bins, channels].
 */
export function roiAlign(
  graph: GraphBuilder,
  maps: readonly Value[],
  boxes: Value,
  images: Value,
  settings: RoiAlignSettings,
): Value {
  const fixed = unary(graph, 'StopGradient', cast(graph, boxes, 'float32'));
  const level = maps.length > 1 ? levelOf(graph, fixed, settings.strides) : undefined;
  const parts = maps.map((map, place) => {
    const own = level && compare(graph, 'Equal', level, scalarOf(graph, level, place));
    return sampled(graph, map, { boxes: fixed, images, own }, settings.strides[place] as number, settings);
  });
  return parts.reduce((sum, part) => binary(graph, 'AddV2', sum, part));
}

/** Index of the level that each box is pooled from, float32 [n, 1]. */
function levelOf(graph: GraphBuilder, boxes: Value, strides: readonly number[]): Value {
  const area = binary(graph, 'Mul', extent(graph, boxes, 0), extent(graph, boxes, 1));
  const side = scale(graph, unary(graph, 'Sqrt', area), 1 / canonicalSide);
  const power = scale(graph, unary(graph, 'Log', side), Math.LOG2E);
  const [first = 1] = strides;
  // The small number is torchvision's: a box of exactly 224 pixels is of the level of stride 16.
  const level = unary(graph, 'Floor', shift(graph, power, 4 + 1e-6));
  const place = shift(graph, level, -Math.log2(first));
  return clip(graph, place, 0, strides.length - 1);
}

function clip(graph: GraphBuilder, x: Value, low: number, high: number): Value {
  return binary(graph, 'Minimum', binary(graph, 'Maximum', x, scalarOf(graph, x, low)), scalarOf(graph, x, high));
}

/** Width (0) or height (1) of boxes, [n, 1]. */
function extent(graph: GraphBuilder, boxes: Value, axis: 0 | 1): Value {
  return binary(graph, 'Sub', side(graph, boxes, axis + 2), side(graph, boxes, axis));
}

function side(graph: GraphBuilder, boxes: Value, place: number): Value {
  return slice(graph, boxes, [0, place], [-1, 1]);
}

interface Regions {
  readonly boxes: Value;
  readonly images: Value;
  /** Which of them are of this map, bool [n, 1]; all where undefined. */
  readonly own: Value | undefined;
}

/** Averages of the bins of regions, 0 for those of other maps. */
function sampled(
  graph: GraphBuilder,
  map: Value,
  { boxes, images, own }: Regions,
  stride: number,
  { bins, samplingRatio, aligned }: RoiAlignSettings,
): Value {
  const [, height = 0, width = 0, channels = 0] = map.shape;
  const points = bins.map((size) => size * samplingRatio) as [number, number];
  /** First and last point along an axis, as shares of the way across the surrounded map. */
  const span = (axis: 0 | 1, length: number, count: number): [Value, Value] => {
    const from = shift(graph, scale(graph, side(graph, boxes, axis), 1 / stride), aligned ? -0.5 : 0);
    const size = scale(graph, extent(graph, boxes, axis), 1 / stride);
    const whole = aligned ? size : binary(graph, 'Maximum', size, scalarOf(graph, size, 1));
    const share = (at: number): Value => {
      const point = binary(graph, 'AddV2', from, scale(graph, whole, at / count));
      const place = scale(graph, shift(graph, point, 1), 1 / (length + 1));
      return own ? select(graph, own, place, filled(graph, place, outside)) : place;
    };
    return [share(0.5), share(count - 0.5)];
  };
  const [left, right] = span(0, width, points[1]);
  const [top, bottom] = span(1, height, points[0]);
  const places = concatenate(graph, [top, left, bottom, right], 1);
  const around = surrounded(graph, cast(graph, map, 'float32'));
  const attributes = { T: { type: 'float32' }, method: 'bilinear', extrapolation_value: { float: 0 } } as const;
  const inputs = [around, places, images, integers(graph, points)];
  const output = { type: 'float32', shape: [-1, ...points, channels] } as const;
  const crops = graph.add('CropAndResize', inputs, attributes, output, 'regions');
  if (samplingRatio === 1) return crops;
  const window = [samplingRatio, samplingRatio] as const;
  return averagePool(graph, crops, window, { strides: window, padding: 'VALID' });
}

/** A value everywhere, of the shape of x. */
function filled(graph: GraphBuilder, x: Value, value: number): Value {
  return shift(graph, scale(graph, x, 0), value);
}

/** A map with a copy of its outer pixels around it. */
function surrounded(graph: GraphBuilder, map: Value): Value {
  const [batch = -1, height = 0, width = 0, channels = 0] = map.shape;
  const paddings = integers(graph, [0, 0, 1, 1, 1, 1, 0, 0], [4, 2]);
  const attributes = { T: { type: map.type }, Tpaddings: { type: 'int32' }, mode: 'SYMMETRIC' } as const;
  const output = { type: map.type, shape: [batch, height + 2, width + 2, channels] };
  return graph.add('MirrorPad', [map, paddings], attributes, output, 'surrounded');
}

/** Index in the batch of each of `count` rows an image, int32 [batch x count]. */
export function imageIndices(graph: GraphBuilder, batch: Value, count: number): Value {
  const range = graph.add(
    'Range',
    [graph.constant(0, 'int32'), batch, graph.constant(1, 'int32')],
    { Tidx: { type: 'int32' } },
    { type: 'int32', shape: [-1] },
  );
  const zeros = graph.constant(new Array<number>(count).fill(0), 'int32', [1, count]);
  return reshape(graph, binary(graph, 'AddV2', reshape(graph, range, [-1, 1]), zeros), [-1]);
}
