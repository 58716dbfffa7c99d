import { type Tensor, tf } from '../base/tf.js';
import { type CodingWeights, centredColumns, largestGrowth } from '../boxes/index.js';
import { binary, concatenate, type GraphBuilder, scalarOf, scale, slice, unary, type Value } from '../ops/index.js';

/** Reference boxes, [n, 4] as corners in pixels, and the weights of their offsets. */
export interface References {
  readonly corners: Float32Array;
  readonly weights: CodingWeights;
}

/** [1, n, 2] each: centres, sizes, and what an offset of 1 moves a centre by; and the weight of logarithms. */
function tables({ corners, weights }: References) {
  const boxes = centredColumns(corners);
  const pairs = (across: Float32Array, down: Float32Array): number[] =>
    [...across.keys()].flatMap((row) => [across[row], down[row]] as number[]);
  const [wx, wy, wWidth, wHeight] = weights;
  if (wx !== wy || wWidth !== wHeight) throw new RangeError('weights that differ between the axes');
  const sizes = pairs(boxes.width, boxes.height);
  return {
    count: corners.length / 4,
    centres: pairs(boxes.x, boxes.y),
    halves: sizes.map((size) => size / 2),
    steps: sizes.map((size) => size / wx),
    growth: 1 / wWidth,
  };
}

/**
 * Boxes from offsets as `decodeBoxes` has them, on tensors.
 *
 * @param x [batch, n, 4 or more]: offsets, and more that is left out.
 * @returns [batch, n, 4]: left, top, right, bottom.
 */
export function decodedTensor(x: Tensor, references: References): Tensor {
  const { count, centres, halves, steps, growth } = tables(references);
  const table = (values: number[]): Tensor => tf.tensor(values, [1, count, 2]);
  const part = (begin: number): Tensor => tf.slice(x, [0, 0, begin], [-1, count, 2]);
  const middle = tf.add(tf.mul(part(0), table(steps)), table(centres));
  const half = tf.mul(tf.exp(tf.minimum(tf.mul(part(2), growth), largestGrowth)), table(halves));
  return tf.concat([tf.sub(middle, half), tf.add(middle, half)], 2);
}

/** The same as nodes of a graph. */
export function decodedValue(graph: GraphBuilder, x: Value, references: References): Value {
  const { count, centres, halves, steps, growth } = tables(references);
  const table = (values: readonly number[]): Value => graph.constant(values, 'float32', [1, count, 2], 'boxes');
  const part = (begin: number): Value => slice(graph, x, [0, 0, begin], [-1, count, 2]);
  const middle = binary(graph, 'AddV2', binary(graph, 'Mul', part(0), table(steps)), table(centres));
  const logarithm = scale(graph, part(2), growth);
  const grown = unary(graph, 'Exp', binary(graph, 'Minimum', logarithm, scalarOf(graph, logarithm, largestGrowth)));
  const half = binary(graph, 'Mul', grown, table(halves));
  return concatenate(graph, [binary(graph, 'Sub', middle, half), binary(graph, 'AddV2', middle, half)], 2);
}
