import { averagePool, canPlace, maxPool, placedMaxPool, reduce, relu, type Value } from '../../ops/index.js';
import { asRow, channelsLast, paddingOf } from './convolution.js';
import { type LayerScope, type LoweringTable, single } from './scope.js';

function pool(scope: LayerScope, x: Value, pooling: typeof maxPool): Value {
  const window = scope.config.pair('poolSize', [2, 2]);
  const options = { strides: scope.config.pair('strides', window), padding: paddingOf(scope) };
  return channelsLast(scope, x, (image) => {
    // The greatest of rectified numbers is the greatest of them, rectified: the activation then has fewer elements.
    const rectified = pooling === maxPool && image.node.op === 'Relu' ? image.node.inputs[0] : undefined;
    const { graph, pass } = scope;
    const source = rectified ?? image;
    if (pooling === maxPool && pass.training && canPlace(graph, source, window, options)) {
      return placedMaxPool(graph, source, window, rectified !== undefined);
    }
    const pooled = pooling(graph, source, window, options);
    return rectified === undefined ? pooled : relu(graph, pooled);
  });
}

/** Pooling over the one axis between batch and channels. */
function pool1d(pooling: typeof maxPool): LoweringTable[string] {
  return single((scope, x) =>
    asRow(scope, x, (row) => {
      const [size = 2] = scope.config.numbers('poolSize') ?? [];
      const [stride = size] = scope.config.numbers('strides') ?? [];
      return pooling(scope.graph, row, [1, size], { strides: [1, stride], padding: paddingOf(scope) });
    }),
  );
}

/** Reduces height and width (or the one axis between batch and channels). */
function global(op: 'Mean' | 'Max'): LoweringTable[string] {
  return single((scope, x) => {
    const first = scope.config.string('dataFormat', 'channelsLast') === 'channelsFirst' ? 2 : 1;
    const axes = x.shape.length === 4 ? [first, first + 1] : [1];
    return reduce(scope.graph, op, x, axes);
  });
}

/** Poolings over height and width. */
export const poolingLowerings: LoweringTable = {
  MaxPooling2D: single((scope, x) => pool(scope, x, maxPool)),
  AveragePooling2D: single((scope, x) => pool(scope, x, averagePool)),
  MaxPooling1D: pool1d(maxPool),
  AveragePooling1D: pool1d(averagePool),
  GlobalAveragePooling2D: global('Mean'),
  GlobalMaxPooling2D: global('Max'),
  GlobalAveragePooling1D: global('Mean'),
  GlobalMaxPooling1D: global('Max'),
};
