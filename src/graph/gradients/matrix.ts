import {
  batchMatMul,
  cast,
  type GraphBuilder,
  matMul,
  narrowGradients,
  pooledConvolutionGradients,
  rowProducts,
  sumTo,
  towards,
  type Value,
} from '../../ops/index.js';
import { type GradientTable, inputOf } from './registry.js';

type Product = (graph: GraphBuilder, a: Value, b: Value, transposeA: boolean, transposeB: boolean) => Value;

/** d(AB)/dA = G B', d(AB)/dB = A' G, and the same with the factors' own transpositions worked in. */
function product(multiply: Product, first: string, second: string): GradientTable[string] {
  return (graph, node, gradient, needs) => {
    const [a, b] = [inputOf(node, 0), inputOf(node, 1)];
    const [turnedA, turnedB] = [node.attributes[first] === true, node.attributes[second] === true];
    const toA = (): Value =>
      turnedA ? multiply(graph, b, gradient, turnedB, true) : multiply(graph, gradient, b, false, !turnedB);
    const toB = (): Value =>
      turnedB ? multiply(graph, gradient, a, true, turnedA) : multiply(graph, a, gradient, !turnedA, false);
    return [needs(0) ? sumTo(graph, toA(), a) : undefined, needs(1) ? sumTo(graph, toB(), b) : undefined];
  };
}

/** A product of rows with rows is one that we may have a kernel for. */
const quickMatMul: Product = (graph, a, b, turnedA, turnedB) =>
  turnedB && !turnedA ? rowProducts(graph, a, b) : matMul(graph, a, b, turnedA, turnedB);

/**
 * Sums of a gradient [..., c] for each channel: [c]. TensorFlow's kernel adds bfloat16 up in bfloat16, which ends where a
 * summand is under half a unit of the sum; behind `Conv2D`, oneDNN sums in float32 while it computes the filter's gradient.
 */
function channelSums(graph: GraphBuilder, gradient: Value, withFilter: boolean): Value {
  const exact = gradient.type === 'float32' || withFilter ? gradient : cast(graph, gradient, 'float32');
  const attributes = { T: { type: exact.type }, data_format: 'NHWC' } as const;
  const sums = graph.add(
    'BiasAddGrad',
    [exact],
    attributes,
    { type: exact.type, shape: gradient.shape.slice(-1) },
    'bias',
  );
  return cast(graph, sums, gradient.type);
}

/** Matrix products and the bias that follows them. */
export const matrixGradients: GradientTable = {
  MatMul: product(quickMatMul, 'transpose_a', 'transpose_b'),
  BatchMatMulV2: product(batchMatMul, 'adj_x', 'adj_y'),
  BiasAdd: (graph, node, gradient, needs) => {
    const biased = inputOf(node, 0);
    const toBias = (): Value => {
      const own =
        pooledConvolutionGradients(graph, biased.node, gradient)?.bias() ??
        narrowGradients(graph, biased.node, gradient)?.bias;
      return own === undefined
        ? channelSums(graph, gradient, biased.node.op === 'Conv2D')
        : towards(graph, own, inputOf(node, 1));
    };
    return [gradient, needs(1) ? toBias() : undefined];
  },
};
