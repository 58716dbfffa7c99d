import type { GraphBuilder } from './builder.js';
import type { Attributes, GraphNode, Value } from './types.js';

/** Gradient of a convolution to its input; also the forward pass of a transposed convolution. */
export function backpropInput(
  graph: GraphBuilder,
  op: 'Conv2DBackpropInput' | 'DepthwiseConv2dNativeBackpropInput',
  input: { readonly sizes: Value; readonly shape: Value['shape'] },
  filter: Value,
  gradient: Value,
  attributes: Attributes,
): Value {
  const output = { type: gradient.type, shape: input.shape };
  return graph.add(op, [input.sizes, filter, gradient], attributes, output, 'input');
}

/**
 * Gradients of `FusedBatchNormV3` to x, gamma and beta, by TensorFlow's own kernel: as of training, where mean and
 * (biased) variance depend on x, or of inference, where they are constants.
 */
export function batchNormGradient(
  graph: GraphBuilder,
  node: GraphNode,
  gradient: Value,
  { mean, variance }: { readonly mean: Value; readonly variance: Value },
  training: boolean,
): readonly Value[] {
  const [x, gamma] = node.inputs as readonly [Value, Value];
  const vector = { type: 'float32', shape: gamma.shape } as const;
  const back = graph.node(
    'FusedBatchNormGradV3',
    [gradient, x, gamma, mean, variance, node.outputs[5] as Value],
    { ...node.attributes, is_training: training },
    [{ type: x.type, shape: x.shape }, vector, vector, vector, vector],
    'input',
  );
  return back.outputs.slice(0, 3);
}
