import { averagePool, canPlace, maxPool, placedMaxPool, reduce, relu, type Value } from '../../ops/index.js';
import { type Conversion, converted, dataFormat, kept, only } from '../arguments.js';
import { defineLayer } from '../definition.js';
import { type LayerScope, type Lowering, single } from '../scope.js';
import { asRow, channelsLast, paddingOf, windowArguments } from '../windows.js';

function pool(scope: LayerScope, x: Value, pooling: typeof maxPool): Value {
  const window = scope.settings.pair('poolSize', [2, 2]);
  const options = { strides: scope.settings.pair('strides', window), padding: paddingOf(scope) };
  return channelsLast(scope, x, (image) => {
    // The greatest of rectified numbers is the greatest of them, rectified: the activation then has fewer elements.
    const rectified = pooling === maxPool && image.node.op === 'Relu' ? image.node.inputs[0] : undefined;
    const { graph } = scope;
    const source = rectified ?? image;
    if (pooling === maxPool && scope.training && canPlace(graph, source, window, options)) {
      return placedMaxPool(graph, source, window, rectified !== undefined);
    }
    const pooled = pooling(graph, source, window, options);
    return rectified === undefined ? pooled : relu(graph, pooled);
  });
}

/** Pooling over the one axis between batch and channels. */
function pool1d(pooling: typeof maxPool): Lowering {
  return single((scope, x) =>
    asRow(scope, x, (row) => {
      const [size = 2] = scope.settings.numbers('poolSize') ?? [];
      const [stride = size] = scope.settings.numbers('strides') ?? [];
      return pooling(scope.graph, row, [1, size], { strides: [1, stride], padding: paddingOf(scope) });
    }),
  );
}

/** Reduces height and width (or the one axis between batch and channels). */
function global(op: 'Mean' | 'Max'): Lowering {
  return single((scope, x) => {
    const first = scope.settings.string('dataFormat', 'channelsLast') === 'channelsFirst' ? 2 : 1;
    const axes = x.shape.length === 4 ? [first, first + 1] : [1];
    return reduce(scope.graph, op, x, axes);
  });
}

const poolArguments = { ...windowArguments, pool_size: kept };
for (const [kind, pooling] of [
  ['Max', maxPool],
  ['Average', averagePool],
] as const) {
  defineLayer({
    className: `${kind}Pooling2D`,
    arguments: poolArguments,
    lower: single((scope, x) => pool(scope, x, pooling)),
  });
  defineLayer({
    className: `${kind}Pooling1D`,
    arguments: { ...poolArguments, data_format: only('channels_last') },
    lower: pool1d(pooling),
  });
}

/** A global pooling that keeps height and width as 1 is a pooling over the whole image. */
function keptAxes(className: string, kind: 'Average' | 'Max'): Conversion {
  return ({ given, config, inputShape, refuse }) => {
    if (given['keepdims'] !== true) return { className, config };
    const sizes: unknown[] = Array.isArray(inputShape) ? inputShape : [];
    const [height, width] = given['data_format'] === 'channels_first' ? sizes.slice(2) : sizes.slice(1, 3);
    if (!className.endsWith('2D') || typeof height !== 'number' || typeof width !== 'number') {
      return refuse('keepdims false, or the shape of its input in build_config', 'keepdims true');
    }
    const { name, trainable, dataFormat: format } = config;
    const poolSize = [height, width];
    return {
      className: `${kind}Pooling2D`,
      config: { name, trainable, dataFormat: format, poolSize, strides: poolSize, padding: 'valid' },
    };
  };
}

for (const [kind, op] of [
  ['Average', 'Mean'],
  ['Max', 'Max'],
] as const) {
  for (const axes of ['2D', '1D']) {
    const className = `Global${kind}Pooling${axes}`;
    defineLayer({
      className,
      arguments: { data_format: axes === '2D' ? dataFormat : only('channels_last'), keepdims: converted },
      convert: keptAxes(className, kind),
      lower: global(op),
    });
  }
}
