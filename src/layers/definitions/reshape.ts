import {
  broadcastTo,
  elementsPerSample,
  pad,
  reshape,
  shapeWith,
  slice,
  transpose,
  type Value,
} from '../../ops/index.js';
import { dataFormat, kept } from '../arguments.js';
import { defineLayer } from '../definition.js';
import { type LayerScope, single } from '../scope.js';
import { channelsLast } from '../windows.js';

type Borders = readonly [readonly [number, number], readonly [number, number]];

/** [[top, bottom], [left, right]] of padding or cropping; one pair or number stands for all. */
function borders(scope: LayerScope, key: string): Borders {
  const value = scope.settings.get(key);
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
  const target = scope.settings.get('targetShape');
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

defineLayer({
  className: 'Reshape',
  arguments: { target_shape: kept },
  /** The size that is left open follows from the input's, so that layers behind know it. */
  convert({ config, inputShape, refuse }) {
    const target: unknown = config['targetShape'];
    const [, ...input]: unknown[] = Array.isArray(inputShape) ? inputShape : [];
    if (!Array.isArray(target) || !input.every((size) => typeof size === 'number'))
      return { className: 'Reshape', config };
    const product = (sizes: readonly unknown[]): number => sizes.reduce<number>((all, size) => all * Number(size), 1);
    const open = target.filter((size) => size === -1 || size === null).length;
    const rest = product(input) / product(target.filter((size) => typeof size === 'number' && size >= 0));
    if (open > 1 || !Number.isInteger(rest)) return refuse('a target_shape that fits', target);
    const sizes = target.map((size: unknown) => (size === -1 || size === null ? rest : size));
    return { className: 'Reshape', config: { ...config, targetShape: sizes } };
  },
  lower: single((scope, x) => reshape(scope.graph, x, [-1, ...targetShape(scope, x)])),
});

defineLayer({
  className: 'Permute',
  arguments: { dims: kept },
  lower: single((scope, x) => {
    const dims = scope.settings.numbers('dims') ?? [];
    return transpose(scope.graph, x, [0, ...dims]);
  }),
});

defineLayer({
  className: 'RepeatVector',
  arguments: { n: kept },
  lower: single(({ graph, settings }, x) => {
    const [, features] = x.shape as readonly [number, number];
    const row = reshape(graph, x, [-1, 1, features]);
    const times = settings.number('n', 1);
    return broadcastTo(graph, row, shapeWith(graph, row, [times, features]), [-1, times, features]);
  }),
});

defineLayer({
  className: 'ZeroPadding2D',
  arguments: { padding: kept, data_format: dataFormat },
  lower: single((scope, x) => {
    const [rows, columns] = borders(scope, 'padding');
    return channelsLast(scope, x, (image) => pad(scope.graph, image, [[0, 0], rows, columns, [0, 0]]));
  }),
});

defineLayer({
  className: 'Cropping2D',
  arguments: { cropping: kept, data_format: dataFormat },
  lower: single((scope, x) => {
    const [[top, bottom], [left, right]] = borders(scope, 'cropping');
    return channelsLast(scope, x, (image) => {
      const [, height, width, channels] = image.shape as readonly [number, number, number, number];
      const size = [height - top - bottom, width - left - right] as const;
      if (size[0] <= 0 || size[1] <= 0) throw new RangeError('cropping leaves nothing');
      return slice(scope.graph, image, [0, top, left, 0], [-1, ...size, channels]);
    });
  }),
});
