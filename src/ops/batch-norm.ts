import type { GraphBuilder } from './builder.js';
import type { GraphNode, Value } from './types.js';

/**
 * Batch normalization in training by convoy's ops (src/native/kernels), over all axes but the last: of float32 or
 * bfloat16, computed in float32. TensorFlow's kernel adds up all elements of a channel one after the other, which leaves errors
 * of 1e-3; oneDNN's for bfloat16 takes three times the time of ours.
 */

/** Whether a batch of this value can be normalized so. */
export function canNormalize(graph: GraphBuilder, x: Value): boolean {
  return (x.type === 'float32' || x.type === 'bfloat16') && graph.kernels.has('ConvoyBatchNorm');
}

/** Mean and (biased) variance of a batch, a number a channel. */
export interface Statistics {
  readonly mean: Value;
  readonly variance: Value;
}

/** The normalized batch and its statistics. */
export function normalizeBatch(
  graph: GraphBuilder,
  x: Value,
  gamma: Value,
  beta: Value,
  epsilon: number,
): { readonly normal: Value; readonly statistics: Statistics } {
  const vector = { type: 'float32', shape: gamma.shape } as const;
  const attributes = { epsilon: { float: epsilon }, T: { type: x.type } } as const;
  const statistics = graph.node(
    'ConvoyBatchStatistics',
    [x, gamma, beta],
    attributes,
    [vector, vector, vector, vector],
    'statistics',
  );
  const [mean, variance] = statistics.outputs as readonly [Value, Value];
  return { normal: normalize(graph, statistics, false), statistics: { mean, variance } };
}

/** ReLU of a value that `normalizeBatch` gave, in one with the normalization; of any other value undefined. */
export function rectifiedBatch(graph: GraphBuilder, { node }: Value): Value | undefined {
  return node.op === 'ConvoyBatchNorm' ? normalize(graph, (node.inputs[1] as Value).node, true) : undefined;
}

function normalize(graph: GraphBuilder, statistics: GraphNode, rectified: boolean): Value {
  const [x, gamma, beta] = statistics.inputs as readonly [Value, Value, Value];
  const [mean, variance, scale, shift] = statistics.outputs as readonly [Value, Value, Value, Value];
  const attributes = { relu: rectified, T: { type: x.type } } as const;
  const normal = graph.add(
    'ConvoyBatchNorm',
    [x, mean, scale, shift],
    attributes,
    { type: x.type, shape: x.shape },
    'normalize',
  );
  // The statistics depend on x too: one kernel for all of it.
  graph.differentiate(normal.node, {
    inputs: [x, gamma, beta],
    rule: (_graph, _node, gradient) => {
      const inputs = [gradient, x, mean, variance, scale, shift];
      const outputs = [x, gamma, beta].map(({ type, shape }) => ({ type, shape }));
      return graph.node('ConvoyBatchNormGrad', inputs, { ...statistics.attributes, ...attributes }, outputs, 'input')
        .outputs;
    },
  });
  return normal;
}
