import type { GraphBuilder } from './builder.js';
import { towards } from './elementwise.js';
import type { WindowOptions } from './neural.js';
import { isUnitStride, plainAttributes } from './plain.js';
import type { GraphNode, Value } from './types.js';

/**
 * convoy's ops (src/native/kernels): of every window of a maximum pooling one element has a gradient, and a convolution
 * before it need multiply no other. Float32 or bfloat16, whose sums are float32; strides and dilations of 1, windows side by side.
 */

/** Most elements of a window: their places are bytes, of which the last says that none has a gradient. */
const mostPlaces = 255;

/**
 * Whether it is quicker to multiply only what has a gradient. Where tiles multiply bfloat16 (AMX), oneDNN multiplies everything
 * at many times the rate of float32, save for images of few channels, which leave its tiles all but empty; our kernels keep up
 * where a filter's row is at least eight vectors of 16 floats, whose sums hide the latency of the additions.
 */
function paysOff(graph: GraphBuilder, { inputs }: GraphNode): boolean {
  const [x, filter] = inputs as readonly [Value, Value];
  const row = (filter.shape[1] as number) * (filter.shape[2] as number);
  return x.type === 'float32' || (x.type === 'bfloat16' && (graph.kernels.has('bfloat16') || row < 32 || row >= 128));
}

/** Whether a pooling of `x` can say where each maximum was to the convolution that made x. */
export function canPlace(
  graph: GraphBuilder,
  x: Value,
  window: readonly [number, number],
  { strides, padding }: WindowOptions,
): boolean {
  const convolution = x.node.op === 'BiasAdd' ? (x.node.inputs[0] as Value).node : x.node;
  if (!graph.kernels.has('ConvoyMaxPool') || !isUnitStride(convolution) || !paysOff(graph, convolution)) return false;
  if (window.some((size, axis) => size !== strides[axis]) || window[0] * window[1] > mostPlaces) return false;
  const [, height, width] = x.shape as readonly [number, number, number];
  // Padding is only where windows do not fit.
  return padding === 'VALID' || (height % window[0] === 0 && width % window[1] === 0);
}

/**
 * The greatest element of each window, [B, h, w, c], or its ReLU; the node's second output says which it was, or that the
 * ReLU left none of them.
 */
export function placedMaxPool(
  graph: GraphBuilder,
  x: Value,
  window: readonly [number, number],
  rectified = false,
): Value {
  const [batch, height, width, channels] = x.shape as readonly [number, number, number, number];
  const shape = [batch, Math.floor(height / window[0]), Math.floor(width / window[1]), channels];
  const outputs = [
    { type: x.type, shape },
    { type: 'uint8', shape },
  ] as const;
  const attributes = { window: { integers: window }, relu: rectified, T: { type: x.type } } as const;
  return graph.node('ConvoyMaxPool', [x], attributes, outputs, 'pool').outputs[0] as Value;
}

/** The gradient of `placedMaxPool`'s input from that of its output. */
export function placedMaxPoolGradient(
  graph: GraphBuilder,
  { inputs, outputs, attributes }: GraphNode,
  gradient: Value,
): Value {
  const [x, place] = [inputs[0] as Value, outputs[1] as Value];
  const { relu: _, ...pooling } = attributes;
  const size = { integers: x.shape.slice(1, 3) };
  return graph.add(
    'ConvoyMaxPoolGrad',
    [gradient, place],
    { ...pooling, size },
    { type: x.type, shape: x.shape },
    'input',
  );
}

/** What a gradient was before a pooling spread it: the gradient of the pooling's output, and the places of the maxima. */
function pooledGradient(
  gradient: Value,
): { readonly gradient: Value; readonly place: Value; readonly node: GraphNode } | undefined {
  const { node } = gradient;
  if (node.op !== 'ConvoyMaxPoolGrad') return undefined;
  return { gradient: node.inputs[0] as Value, place: node.inputs[1] as Value, node };
}

/** Gradients of a convolution before such a pooling to its input, its filter and a bias behind it; undefined of any other. */
export function pooledConvolutionGradients(
  graph: GraphBuilder,
  node: GraphNode,
  gradient: Value,
): Readonly<Record<'input' | 'filter' | 'bias', () => Value>> | undefined {
  const pooled = pooledGradient(gradient);
  if (pooled === undefined || !isUnitStride(node)) return undefined;
  const [x, filter] = node.inputs as readonly [Value, Value];
  const { kernel, padding } = plainAttributes(node);
  const { window } = pooled.node.attributes as { window: { integers: readonly number[] } };
  const size = { integers: x.shape.slice(1, 3) };
  const T = { type: x.type } as const;
  const toInput = { type: x.type, shape: x.shape };
  const inputs = [pooled.gradient, pooled.place];
  const sums = [filter.shape, filter.shape.slice(3)].map((shape) => ({ type: 'float32', shape }) as const);
  const summed = (which: number): Value =>
    graph.node('ConvoyPooledFilterGrad', [x, ...inputs], { kernel, padding, window, T }, sums, 'filter').outputs[
      which
    ] as Value;
  return {
    input: () =>
      graph.add('ConvoyPooledInputGrad', [filter, ...inputs], { padding, size, window, T }, toInput, 'input'),
    filter: () => towards(graph, summed(0), filter),
    bias: () => summed(1),
  };
}
