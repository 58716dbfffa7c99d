import { rectifiedBatch } from './batch-norm.js';
import { bitcast } from './bits.js';
import type { GraphBuilder } from './builder.js';
import { binary, scalarOf, unary } from './elementwise.js';
import { rectifiesNarrow } from './narrow.js';
import type { Value } from './types.js';

/** What TensorFlow's graph optimizer fuses a ReLU with: there it costs nothing. */
const fusing = new Set(['BiasAdd', 'Conv2D', 'DepthwiseConv2dNative', 'FusedBatchNormV3', 'MatMul']);

/**
 * max(x, 0). TensorFlow computes bfloat16 by way of float32, at twice the cost of float32 itself; but as 16-bit integers
 * negative numbers are those with the sign bit, and the maximum with 0 is the same (a NaN with the sign bit becomes 0).
 */
export function relu(graph: GraphBuilder, x: Value): Value {
  const fused = rectifiedBatch(graph, x);
  if (fused !== undefined) return fused;
  if (x.type !== 'bfloat16' || fusing.has(x.node.op)) return unary(graph, 'Relu', x);
  const bits = bitcast(graph, x, 'int16');
  const output = bitcast(graph, binary(graph, 'Maximum', bits, scalarOf(graph, bits, 0)), x.type);
  graph.differentiate(output.node, {
    inputs: [x],
    rule: (_graph, _node, gradient) => [reluGradient(graph, gradient, output)],
  });
  return output;
}

/**
 * The gradient where ReLU's output is positive, else 0. In bfloat16 on the bits: those of an output that is not
 * negative, as an integer, are at least 1 just where it is positive; their product with that 1 or 0 stays as it is.
 */
export function reluGradient(graph: GraphBuilder, gradient: Value, output: Value): Value {
  if (output.type !== 'bfloat16' || rectifiesNarrow(graph, output)) {
    return graph.add(
      'ReluGrad',
      [gradient, output],
      { T: { type: output.type } },
      { type: output.type, shape: output.shape },
    );
  }
  const bits = bitcast(graph, output, 'int16');
  const positive = binary(graph, 'Minimum', bits, scalarOf(graph, bits, 1));
  return bitcast(graph, binary(graph, 'Mul', bitcast(graph, gradient, 'int16'), positive), output.type);
}
