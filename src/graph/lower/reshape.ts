import {
  binary,
  broadcastTo,
  cast,
  elementsPerSample,
  type GraphBuilder,
  integers,
  pad,
  reshape,
  scale,
  shapeWith,
  shift,
  slice,
  transpose,
  type Value,
} from '../../ops/index.js';
import { channelsLast } from './convolution.js';
import { type LayerScope, type LoweringTable, single } from './scope.js';

type Borders = readonly [readonly [number, number], readonly [number, number]];

/** [[top, bottom], [left, right]] of padding or cropping; one pair or number stands for all. */
function borders(scope: LayerScope, key: string): Borders {
  const value = scope.config.get(key);
  if (typeof value === 'number')
    return [
      [value, value],
      [value, value],
    ];
  if (Array.isArray(value) && value.length === 2) {
    const [rows, columns]: unknown[] = value;
    if (typeof rows === 'number' && typeof columns === 'number')
      return [
        [rows, rows],
        [columns, columns],
      ];
    if (isPair(rows) && isPair(columns)) return [rows, columns];
  }
  throw scope.error(`two pairs of numbers as ${key}`, JSON.stringify(value));
}

function isPair(value: unknown): value is readonly [number, number] {
  return Array.isArray(value) && value.length === 2 && value.every((item) => typeof item === 'number');
}

/** A Reshape layer's target, with the size that it leaves open (null or -1) worked out. */
function targetShape(scope: LayerScope, x: Value): number[] {
  const target = scope.config.get('targetShape');
  if (!Array.isArray(target)) throw scope.error('a targetShape', String(target));
  const sizes = target.map((size: unknown) => (typeof size === 'number' && size >= 0 ? size : -1));
  const fixed = sizes.reduce((product, size) => product * (size < 0 ? 1 : size), 1);
  const all = elementsPerSample(x.shape);
  const open = sizes.filter((size) => size < 0).length;
  if (open > 1 || (open === 1 ? all % fixed !== 0 : all !== fixed)) {
    throw new RangeError(`${all} elements do not fill [${target.join(', ')}]`);
  }
  return sizes.map((size) => (size < 0 ? all / fixed : size));
}

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

/** Layers that move, repeat, cut or resize. */
export const reshapeLowerings: LoweringTable = {
  Reshape: single((scope, x) => reshape(scope.graph, x, [-1, ...targetShape(scope, x)])),
  Permute: single((scope, x) => {
    const dims = scope.config.numbers('dims') ?? [];
    return transpose(scope.graph, x, [0, ...dims]);
  }),
  RepeatVector: single(({ graph, config }, x) => {
    const [, features] = x.shape as readonly [number, number];
    const row = reshape(graph, x, [-1, 1, features]);
    const times = config.number('n', 1);
    return broadcastTo(graph, row, shapeWith(graph, row, [times, features]), [-1, times, features]);
  }),
  ZeroPadding2D: single((scope, x) => {
    const [rows, columns] = borders(scope, 'padding');
    return channelsLast(scope, x, (image) => pad(scope.graph, image, [[0, 0], rows, columns, [0, 0]]));
  }),
  Cropping2D: single((scope, x) => {
    const [[top, bottom], [left, right]] = borders(scope, 'cropping');
    return channelsLast(scope, x, (image) => {
      const [, height, width, channels] = image.shape as readonly [number, number, number, number];
      const size = [height - top - bottom, width - left - right] as const;
      if (size[0] <= 0 || size[1] <= 0) throw new RangeError('cropping leaves nothing');
      return slice(scope.graph, image, [0, top, left, 0], [-1, ...size, channels]);
    });
  }),
  UpSampling2D: single((scope, x) => {
    const factors = scope.config.pair('size', [2, 2]);
    const interpolation = scope.config.string('interpolation', 'nearest');
    return channelsLast(scope, x, (image) => {
      if (interpolation === 'nearest') return repeatPixels(scope.graph, image, factors);
      const [, height, width] = image.shape as readonly [number, number, number];
      const size = [height * factors[0], width * factors[1]] as const;
      return resize(scope, image, size, { interpolation, alignCorners: false });
    });
  }),
  Resizing: single((scope, x) =>
    resize(scope, x, [scope.config.number('height', 0), scope.config.number('width', 0)], {
      interpolation: scope.config.string('interpolation', 'bilinear'),
      alignCorners: !scope.config.boolean('cropToAspectRatio', false),
    }),
  ),
  /** By one number, or by one for each channel. */
  Rescaling: single(({ graph, config }, x) => {
    const [factors, offsets] = [config.numbers('scale') ?? [1], config.numbers('offset') ?? [0]];
    const vector = (values: readonly number[]): Value => graph.constant(values, x.type, [values.length]);
    const [factor, offset] = [factors[0] as number, offsets[0] as number];
    const scaled = factors.length === 1 ? scale(graph, x, factor) : binary(graph, 'Mul', x, vector(factors));
    return offsets.length === 1 ? shift(graph, scaled, offset) : binary(graph, 'AddV2', scaled, vector(offsets));
  }),
};
