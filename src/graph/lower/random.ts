import type { GraphBuilder } from '../builder.js';
import { binary, cast, compare, scale } from '../ops/elementwise.js';

import { batchSize, integers, reshape, shapeOf } from '../ops/shape.js';
import { elementsPerSample, type DataType, type Shape, type Value } from '../types.js';
import { single, type LoweringTable } from './scope.js';

/** Layers that draw random numbers in training; their order in the model numbers their streams. */
export const randomLayerClasses: ReadonlySet<string> = new Set([
  'AlphaDropout',
  'DropPath',
  'Dropout',
  'GaussianDropout',
  'GaussianNoise',
  'SpatialDropout1D',
  'SpatialDropout2D',
]);

/**
 * True with probability 1 - rate for each element of a shape with a free first axis, in steps of 2^-16: half of a
 * 32-bit word for each, in order.
 */
export function keepMask(graph: GraphBuilder, key: Value, like: Value, shape: Shape, rate: number): Value {
  const perSample = elementsPerSample(shape);
  const even = perSample % 2 === 0;
  const batch = batchSize(graph, like);
  const count = binary(graph, 'Mul', batch, graph.constant(even ? perSample / 2 : perSample, 'int32'));
  const one = graph.constant(1, 'int32');
  const words = even
    ? count
    : binary(graph, 'FloorDiv', binary(graph, 'AddV2', count, one), graph.constant(2, 'int32'));
  const bits = graph.add(
    'StatelessRandomUniformFullInt',
    [reshape(graph, words, [1]), key],
    { dtype: { type: 'int32' }, T: { type: 'int32' }, Tseed: { type: 'int32' } },
    { type: 'int32', shape: [-1] },
    'bits',
  );
  const types = { T: { type: 'int32' }, type: { type: 'int16' } } as const;
  const pairs = graph.add('Bitcast', [bits], types, { type: 'int16', shape: [-1, 2] }, 'halves');
  let halves = pairs;
  if (!even) {
    const sizes = { T: { type: 'int16' }, Index: { type: 'int32' } } as const;
    const from = [reshape(graph, pairs, [-1]), integers(graph, [0]), reshape(graph, count, [1])];
    halves = graph.add('Slice', from, sizes, { type: 'int16', shape: [-1] });
  }
  const threshold = -32_768 + Math.round(rate * 65_536);
  const shaped = reshape(graph, halves, shape);
  return compare(graph, 'GreaterEqual', shaped, graph.constant(threshold, 'int16'));
}

/** Drops elements at random and scales the rest, so that the mean stays; `shape` has size 1 where drops are shared. */
export function drop(graph: GraphBuilder, key: Value, x: Value, rate: number, shape: Shape = x.shape): Value {
  const keep = keepMask(graph, key, x, shape, rate);
  const mask = scale(graph, cast(graph, keep, x.type), 1 / (1 - rate));
  return binary(graph, 'Mul', x, mask);
}

/** Standard normal numbers of a value's shape. */
export function normal(graph: GraphBuilder, key: Value, like: Value, type: DataType = 'float32'): Value {
  const attributes = { dtype: { type }, T: { type: 'int32' }, Tseed: { type: 'int32' } } as const;
  return graph.add('StatelessRandomNormal', [shapeOf(graph, like), key], attributes, { type, shape: like.shape });
}

/** Dropout and its kin. */
export const randomLowerings: LoweringTable = {
  Dropout: single((scope, x) => {
    const rate = scope.config.number('rate', 0);
    if (!scope.pass.training || rate === 0) return x;
    return drop(scope.graph, scope.randomKey(), x, rate);
  }),
};

