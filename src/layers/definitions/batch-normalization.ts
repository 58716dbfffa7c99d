import {
  averagePool,
  batchNormGradient,
  batchSize,
  binary,
  broadcastTo,
  canNormalize,
  cast,
  fusedBatchNorm,
  type GraphBuilder,
  type GraphNode,
  integers,
  matMul,
  normalizeBatch,
  reduce,
  reshape,
  type Statistics,
  scalarOf,
  scale,
  unary,
  type Value,
  withLast,
} from '../../ops/index.js';
import { kept, meaningless, only } from '../arguments.js';
import { defineLayer } from '../definition.js';
import { defaultEpsilon, normArguments, singleAxis } from '../norms.js';
import { type LayerScope, single } from '../scope.js';

/** A weight over channels, or a constant where the layer has none. */
function vector(scope: LayerScope, name: string, otherwise: number, channels: number): Value {
  return scope.has(name) ? scope.weight(name) : scope.graph.constant(otherwise, 'float32', [channels]);
}

/**
 * Channels up to which sums of squares come from a matrix product of all pairs of channels, and variance is
 * E[x^2] - E[x]^2: half the time of squared differences for 16 channels, equal for 64. That loses digits where a mean is
 * many deviations, which early, narrow layers do not have.
 */
const gramChannels = 32;

/**
 * Statistics of [B, h, w, c] in float32. TensorFlow's fused kernel adds up all elements of a channel one after the
 * other in float32, which on one thread leaves errors of 1e-3; here means over rows come first, then over images, then
 * over the batch, and a matrix product sums in blocks.
 */
function batchStatistics(graph: GraphBuilder, x: Value): Statistics {
  const [, height, width, channels] = x.shape as readonly [number, number, number, number];
  const window = { strides: [1, 1], padding: 'VALID' } as const;
  const overBatch = (value: Value): Value => {
    const rows = width === 1 ? value : averagePool(graph, value, [1, width], window);
    const images = height === 1 ? rows : averagePool(graph, rows, [height, 1], window);
    return reduce(graph, 'Mean', images, [0, 1, 2]);
  };
  const mean = overBatch(x);
  if (channels > gramChannels || height * width === 1) {
    // One long row at a time: broadcasting over channels alone takes twice as long.
    const row = broadcastTo(graph, mean, integers(graph, [width, channels]), [width, channels]);
    const rows = reshape(graph, x, [-1, height, width * channels]);
    const squares = binary(graph, 'SquaredDifference', rows, reshape(graph, row, [width * channels]));
    return { mean, variance: overBatch(reshape(graph, squares, x.shape)) };
  }
  const pixels = reshape(graph, x, [-1, channels]);
  const products = matMul(graph, pixels, pixels, true, false);
  const attributes = { T: { type: 'float32' } } as const;
  const diagonal = graph.add('MatrixDiagPart', [products], attributes, { type: 'float32', shape: [channels] });
  const count = scale(graph, cast(graph, batchSize(graph, x), 'float32'), height * width);
  const square = binary(graph, 'RealDiv', diagonal, count);
  const variance = binary(graph, 'Sub', square, unary(graph, 'Square', mean));
  return { mean, variance: binary(graph, 'Maximum', variance, scalarOf(graph, variance, 0)) };
}

/** new = momentum old + (1 - momentum) fresh, with the biased variance, as Keras and tfjs do. */
function renewStatistics(scope: LayerScope, { mean, variance }: Statistics): void {
  const { graph } = scope;
  const momentum = scope.settings.number('momentum', 0.99);
  const blend = (name: string, fresh: Value): void => {
    const old = scale(graph, scope.state(name), momentum);
    scope.renew(name, binary(graph, 'AddV2', old, scale(graph, fresh, 1 - momentum)));
  };
  blend('moving_mean', mean);
  blend('moving_variance', variance);
}

/** The kernel gives the unbiased variance; this undoes it: (n - 1) / n with n elements a channel. */
function biased(graph: GraphBuilder, x: Value, variance: Value): Value {
  const [, height, width] = x.shape as readonly [number, number, number];
  const count = scale(graph, cast(graph, batchSize(graph, x), 'float32'), height * width);
  const share = binary(graph, 'Sub', scalarOf(graph, count, 1), unary(graph, 'Reciprocal', count));
  return binary(graph, 'Mul', variance, share);
}

function batchNormalization(scope: LayerScope, x: Value): Value {
  const { graph } = scope;
  const channels = x.shape.at(-1) as number;
  const rank = x.shape.length;
  if (rank > 4 || rank < 2) throw new RangeError(`batch normalization of rank ${rank}`);
  const epsilon = scope.settings.number('epsilon', defaultEpsilon);
  const gamma = vector(scope, 'gamma', 1, channels);
  const beta = vector(scope, 'beta', 0, channels);
  const training = scope.training && !scope.frozen;
  if (training && canNormalize(graph, x)) {
    const { normal, statistics } = normalizeBatch(graph, x, gamma, beta, epsilon);
    renewStatistics(scope, statistics);
    return normal;
  }
  // TensorFlow's kernel takes images: other ranks become images of one row or column.
  const image = rank === 4 ? x : reshape(graph, x, [-1, rank === 3 ? (x.shape[1] as number) : 1, 1, channels]);
  const normalize = (mean: Value, variance: Value, fromBatch: boolean): GraphNode =>
    fusedBatchNorm(graph, image, [gamma, beta, mean, variance], { epsilon, training: fromBatch });
  let node: GraphNode;
  if (!training) {
    node = normalize(scope.weight('moving_mean'), scope.weight('moving_variance'), false);
  } else if (image.type === 'float32') {
    const statistics = batchStatistics(graph, image);
    renewStatistics(scope, statistics);
    node = normalize(statistics.mean, statistics.variance, false);
    // The statistics are the batch's own: the gradient is that of training.
    graph.differentiate(node, {
      inputs: [image, gamma, beta],
      rule: (_graph, _node, gradient) => batchNormGradient(graph, node, gradient, statistics, true),
    });
  } else {
    const none = graph.constant([], 'float32', [0]);
    node = normalize(none, none, true);
    const [, mean, variance] = node.outputs as readonly [Value, Value, Value];
    renewStatistics(scope, { mean, variance: biased(graph, image, variance) });
  }
  return reshape(graph, node.outputs[0] as Value, x.shape);
}

/** Batch normalization (Ioffe and Szegedy 2015). */
defineLayer({
  className: 'BatchNormalization',
  arguments: {
    ...normArguments,
    momentum: kept,
    moving_mean_initializer: kept,
    moving_variance_initializer: kept,
    synchronized: only(false),
    renorm: only(false),
    renorm_clipping: only(null),
    renorm_momentum: meaningless,
    fused: meaningless,
    virtual_batch_size: only(null),
  },
  convert: singleAxis('BatchNormalization'),
  lower: single((scope, x) => {
    const axis = scope.settings.number('axis', -1);
    const last = axis < 0 ? x.shape.length + axis : axis;
    return withLast(scope.graph, x, last, (image) => batchNormalization(scope, image));
  }),
  batchStatistics: true,
});
