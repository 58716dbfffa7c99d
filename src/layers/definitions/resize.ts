import {
  binary,
  broadcastTo,
  cast,
  type GraphBuilder,
  integers,
  reshape,
  scale,
  shapeWith,
  shift,
  type Value,
} from '../../ops/index.js';
import { among, dataFormat, kept, only } from '../arguments.js';
import { defineLayer } from '../definition.js';
import { type LayerScope, single } from '../scope.js';
import { channelsLast } from '../windows.js';

/** Nearest neighbours at whole factors: every pixel becomes a block. */
function repeatPixels(graph: GraphBuilder, x: Value, [down, across]: readonly [number, number]): Value {
  const [, height, width, channels] = x.shape as readonly [number, number, number, number];
  const cells = reshape(graph, x, [-1, 1, width, 1, channels]);
  const rows = broadcastTo(graph, cells, shapeWith(graph, cells, [down, width, across, channels]), [
    -1,
    down,
    width,
    across,
    channels,
  ]);
  return reshape(graph, rows, [-1, height * down, width * across, channels]);
}

/** `ResizeBilinear` or `ResizeNearestNeighbor`, as tfjs calls them; in float32. */
function resize(
  scope: LayerScope,
  x: Value,
  size: readonly [number, number],
  options: { readonly interpolation: string; readonly alignCorners: boolean },
): Value {
  const { graph } = scope;
  const [, height, width, channels] = x.shape as readonly [number, number, number, number];
  if (height === size[0] && width === size[1]) return x;
  if (options.interpolation !== 'bilinear' && options.interpolation !== 'nearest') {
    throw scope.error("interpolation 'bilinear' or 'nearest'", JSON.stringify(options.interpolation));
  }
  const op = options.interpolation === 'bilinear' ? 'ResizeBilinear' : 'ResizeNearestNeighbor';
  const attributes = {
    T: { type: 'float32' },
    align_corners: options.alignCorners,
    half_pixel_centers: false,
  } as const;
  const output = { type: 'float32', shape: [-1, ...size, channels] } as const;
  return graph.add(op, [cast(graph, x, 'float32'), integers(graph, size)], attributes, output, 'resize');
}

const interpolation = among('nearest', 'bilinear');

defineLayer({
  className: 'UpSampling2D',
  arguments: { size: kept, data_format: dataFormat, interpolation },
  lower: single((scope, x) => {
    const factors = scope.settings.pair('size', [2, 2]);
    const interpolation = scope.settings.string('interpolation', 'nearest');
    return channelsLast(scope, x, (image) => {
      if (interpolation === 'nearest') return repeatPixels(scope.graph, image, factors);
      const [, height, width] = image.shape as readonly [number, number, number];
      const size = [height * factors[0], width * factors[1]] as const;
      return resize(scope, image, size, { interpolation, alignCorners: false });
    });
  }),
});

defineLayer({
  className: 'Resizing',
  arguments: {
    height: kept,
    width: kept,
    interpolation,
    crop_to_aspect_ratio: kept,
    pad_to_aspect_ratio: only(false),
    antialias: only(false),
    fill_mode: only('constant'),
    fill_value: only(0),
    data_format: only('channels_last'),
  },
  lower: single((scope, x) =>
    resize(scope, x, [scope.settings.number('height', 0), scope.settings.number('width', 0)], {
      interpolation: scope.settings.string('interpolation', 'bilinear'),
      alignCorners: !scope.settings.boolean('cropToAspectRatio', false),
    }),
  ),
});

/** By one number, or by one for each channel. */
defineLayer({
  className: 'Rescaling',
  arguments: { scale: kept, offset: kept },
  lower: single(({ graph, settings }, x) => {
    const [factors, offsets] = [settings.numbers('scale') ?? [1], settings.numbers('offset') ?? [0]];
    const vector = (values: readonly number[]): Value => graph.constant(values, x.type, [values.length]);
    const [factor, offset] = [factors[0] as number, offsets[0] as number];
    const scaled = factors.length === 1 ? scale(graph, x, factor) : binary(graph, 'Mul', x, vector(factors));
    return offsets.length === 1 ? shift(graph, scaled, offset) : binary(graph, 'AddV2', scaled, vector(offsets));
  }),
});
