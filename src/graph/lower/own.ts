import {
  batchMatMul,
  binary,
  broadcastTo,
  cast,
  concatenate,
  pad,
  reshape,
  scalarOf,
  scale,
  shapeWith,
  slice,
  transpose,
  unary,
  type Value,
} from '../../ops/index.js';
import { type LoweringTable, single } from './scope.js';

/** Keras's smallest standard deviation, as in the layer. */
const smallestDeviation = 1e-7;

/** The layers of `src/layers`. */
export const ownLowerings: LoweringTable = {
  ChannelPadding: single(({ graph, config }, x) => {
    const channels = x.shape.at(-1) as number;
    const added = config.number('channels', channels) - channels;
    if (added < 0) throw new RangeError(`${channels} channels are too many`);
    const before = Math.floor(added / 2);
    const sides = x.shape.map((_, axis): [number, number] =>
      axis === x.shape.length - 1 ? [before, added - before] : [0, 0],
    );
    return pad(graph, x, sides);
  }),
  Normalization: single((scope, x) => {
    const { graph } = scope;
    const variance = scope.weight('variance');
    const deviation = binary(
      graph,
      'Maximum',
      unary(graph, 'Sqrt', variance),
      scalarOf(graph, variance, smallestDeviation),
    );
    const centered = binary(graph, 'Sub', cast(graph, x, 'float32'), scope.weight('mean'));
    return binary(graph, 'RealDiv', centered, deviation);
  }),
  /** softmax(Q K' / sqrt(d)) V for each head; the softmax in float32. */
  SelfAttention: single((scope, x) => {
    const { graph, config } = scope;
    const [, tokens, triple] = x.shape as readonly [number, number, number];
    const heads = config.number('heads', 1);
    const size = triple / 3 / heads;
    const parts = reshape(graph, scope.compute(x), [-1, tokens, 3, heads, size]);
    const part = (which: number): Value => {
      const one = slice(graph, parts, [0, 0, which, 0, 0], [-1, tokens, 1, heads, size]);
      return transpose(graph, reshape(graph, one, [-1, tokens, heads, size]), [0, 2, 1, 3]);
    };
    const scores = scale(graph, batchMatMul(graph, part(0), part(1), false, true), 1 / Math.sqrt(size));
    const shares = unary(graph, 'Softmax', cast(graph, scores, 'float32'));
    const attended = batchMatMul(graph, scope.compute(shares), part(2));
    return reshape(graph, transpose(graph, attended, [0, 2, 1, 3]), [-1, tokens, heads * size]);
  }),
  ClassToken: single((scope, x) => {
    const { graph } = scope;
    const token = cast(graph, scope.weight('token'), x.type);
    const features = x.shape.at(-1) as number;
    const tokens = broadcastTo(graph, token, shapeWith(graph, x, [1, features]), [-1, 1, features]);
    return concatenate(graph, [tokens, x], 1);
  }),
  PositionEmbedding: single((scope, x) =>
    binary(scope.graph, 'AddV2', x, cast(scope.graph, scope.weight('embedding'), x.type)),
  ),
  FirstToken: single(({ graph }, x) => {
    const features = x.shape.at(-1) as number;
    return reshape(graph, slice(graph, x, [0, 0, 0], [-1, 1, features]), [-1, features]);
  }),
};
