import type { GraphBuilder } from './builder.js';
import type { Attributes, GraphNode, Shape, Value } from './types.js';

/** TensorFlow's padding rules: none, or zeros so that the output has ceil(input / stride) places. */
export type WindowPadding = 'SAME' | 'VALID';

/** How a window moves over height and width. */
export interface WindowOptions {
  readonly strides: readonly [number, number];
  readonly padding: WindowPadding;
  readonly dilations?: readonly [number, number];
}

/** Places of a window along one axis. */
function windowPlaces(size: number, window: number, stride: number, dilation: number, padding: WindowPadding): number {
  if (size < 0) return -1;
  const reach = (window - 1) * dilation + 1;
  return padding === 'SAME' ? Math.ceil(size / stride) : Math.floor((size - reach) / stride) + 1;
}

/** Attributes of the convolution ops. */
export function convolutionAttributes(x: Value, options: WindowOptions): Attributes {
  const [down, across] = options.dilations ?? [1, 1];
  return {
    T: { type: x.type },
    strides: { integers: [1, ...options.strides, 1] },
    dilations: { integers: [1, down, across, 1] },
    padding: options.padding,
    data_format: 'NHWC',
  };
}

function windowShape(x: Value, window: readonly [number, number], options: WindowOptions, channels: number): Shape {
  const [batch, height, width] = x.shape as readonly [number, number, number];
  const [down, across] = options.dilations ?? [1, 1];
  const rows = windowPlaces(height, window[0], options.strides[0], down, options.padding);
  const columns = windowPlaces(width, window[1], options.strides[1], across, options.padding);
  if (rows === 0 || columns === 0 || rows < -1 || columns < -1) {
    throw new RangeError(`a window of ${window.join('x')} does not fit into ${height}x${width}`);
  }
  return [batch, rows, columns, channels];
}

/** Convolves [B, h, w, c] with [kh, kw, c / groups, filters]. */
export function conv2d(graph: GraphBuilder, x: Value, filter: Value, options: WindowOptions): Value {
  const [high, wide, inputs, filters] = filter.shape as readonly [number, number, number, number];
  if ((x.shape[3] as number) % inputs !== 0) {
    throw new RangeError(`a filter for ${inputs} channels does not fit ${x.shape[3]}`);
  }
  const shape = windowShape(x, [high, wide], options, filters);
  return graph.add('Conv2D', [x, filter], convolutionAttributes(x, options), { type: x.type, shape }, 'conv');
}

/** Convolves each channel of [B, h, w, c] with its own [kh, kw, c, multiplier]. */
export function depthwiseConv2d(graph: GraphBuilder, x: Value, filter: Value, options: WindowOptions): Value {
  const [high, wide, channels, multiplier] = filter.shape as readonly [number, number, number, number];
  const shape = windowShape(x, [high, wide], options, channels * multiplier);
  const attributes = convolutionAttributes(x, options);
  return graph.add('DepthwiseConv2dNative', [x, filter], attributes, { type: x.type, shape }, 'depthwise');
}

/** Greatest element of each window of [B, h, w, c]. */
export function maxPool(
  graph: GraphBuilder,
  x: Value,
  window: readonly [number, number],
  options: WindowOptions,
): Value {
  const shape = windowShape(x, window, options, x.shape[3] as number);
  return graph.add('MaxPool', [x], poolAttributes(x, window, options), { type: x.type, shape }, 'pool');
}

/** Mean of each window of [B, h, w, c]; padding does not count. */
export function averagePool(
  graph: GraphBuilder,
  x: Value,
  window: readonly [number, number],
  options: WindowOptions,
): Value {
  const shape = windowShape(x, window, options, x.shape[3] as number);
  return graph.add('AvgPool', [x], poolAttributes(x, window, options), { type: x.type, shape }, 'pool');
}

function poolAttributes(x: Value, window: readonly [number, number], options: WindowOptions): Attributes {
  return {
    T: { type: x.type },
    ksize: { integers: [1, ...window, 1] },
    strides: { integers: [1, ...options.strides, 1] },
    padding: options.padding,
    data_format: 'NHWC',
  };
}

/** Adds a vector along the last axis. */
export function biasAdd(graph: GraphBuilder, x: Value, bias: Value): Value {
  const attributes = { T: { type: x.type }, data_format: 'NHWC' } as const;
  return graph.add('BiasAdd', [x, bias], attributes, { type: x.type, shape: x.shape }, 'bias_add');
}

/** Product of two matrices, each transposed first if asked. */
export function matMul(
  graph: GraphBuilder,
  a: Value,
  b: Value,
  transposeA = false,
  transposeB = false,
  after: readonly GraphNode[] = [],
): Value {
  const inner = [a.shape[transposeA ? 0 : 1], b.shape[transposeB ? 1 : 0]];
  if (inner[0] !== inner[1]) {
    throw new RangeError(`a matrix of ${inner[1]} rows does not fit ${inner[0]} features`);
  }
  const shape = [a.shape[transposeA ? 1 : 0] as number, b.shape[transposeB ? 0 : 1] as number];
  const attributes = { T: { type: a.type }, transpose_a: transposeA, transpose_b: transposeB } as const;
  return graph.node('MatMul', [a, b], attributes, [{ type: a.type, shape }], 'MatMul', after).outputs[0] as Value;
}

/** Product of stacks of matrices [..., m, k] and [..., k, n], each transposed first if asked; leading axes broadcast. */
export function batchMatMul(graph: GraphBuilder, a: Value, b: Value, transposeA = false, transposeB = false): Value {
  const rows = a.shape.at(transposeA ? -1 : -2) as number;
  const columns = b.shape.at(transposeB ? -2 : -1) as number;
  const lead = a.shape.length >= b.shape.length ? a.shape.slice(0, -2) : b.shape.slice(0, -2);
  const attributes = { T: { type: a.type }, adj_x: transposeA, adj_y: transposeB } as const;
  return graph.add('BatchMatMulV2', [a, b], attributes, { type: a.type, shape: [...lead, rows, columns] });
}

/** What `FusedBatchNormV3` is told. */
interface BatchNormOptions {
  readonly epsilon: number;
  /** True when the kernel computes the batch's statistics, false when they are inputs. */
  readonly training: boolean;
}

/**
 * Batch normalization over [B, h, w, c]; outputs: y, batch mean, batch variance (divided by n - 1), and three reserved
 * for the gradient.
 */
export function fusedBatchNorm(
  graph: GraphBuilder,
  x: Value,
  [gamma, beta, mean, variance]: readonly [Value, Value, Value, Value],
  { epsilon, training }: BatchNormOptions,
): GraphNode {
  const attributes: Attributes = {
    T: { type: x.type },
    U: { type: 'float32' },
    epsilon: { float: epsilon },
    data_format: 'NHWC',
    is_training: training,
  };
  const vector = { type: 'float32', shape: gamma.shape } as const;
  const outputs = [{ type: x.type, shape: x.shape }, vector, vector, vector, vector, vector];
  return graph.node('FusedBatchNormV3', [x, gamma, beta, mean, variance], attributes, outputs, 'normalize');
}
