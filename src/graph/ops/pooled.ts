import type { GraphBuilder } from '../builder.js';
import type { GraphNode, Value } from '../types.js';
import { towards } from './elementwise.js';
import type { WindowOptions } from './neural.js';
import { isPlain, plainAttributes } from './plain.js';

/**
 * Ops of our own (src/native/kernels): of every window of a maximum pooling one element has a gradient, and a convolution
 * before it need multiply no other. Float32 or bfloat16, whose sums are float32; strides and dilations of 1, windows side by side.
 */

/** Most elements of a window: their places are bytes. */
const mostPlaces = 256;

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
export function canPlace(graph: GraphBuilder, x: Value, window: readonly [number, number], { strides, padding }: WindowOptions): boolean {
  const convolution = x.node.op === 'BiasAdd' ? (x.node.inputs[0] as Value).node : x.node;
  if (!graph.kernels.has('ConvoyMaxPool') || !isPlain(convolution) || !paysOff(graph, convolution)) return false;
  if (window.some((size, axis) => size !== strides[axis]) || window[0] * window[1] > mostPlaces) return false;
  const [, height, width] = x.shape as readonly [number, number, number];
  // Padding is only where windows do not fit.
  return padding === 'VALID' || (height % window[0] === 0 && width % window[1] === 0);
}

/** The greatest element of each window, [B, h, w, c]; the node's second output says which it was. */
export function placedMaxPool(graph: GraphBuilder, x: Value, window: readonly [number, number]): Value {
  const [batch, height, width, channels] = x.shape as readonly [number, number, number, number];
  const shape = [batch, Math.floor(height / window[0]), Math.floor(width / window[1]), channels];
  const outputs = [{ type: x.type, shape }, { type: 'uint8', shape }] as const;
  const attributes = { window: { integers: window }, T: { type: x.type } } as const;
  return graph.node('ConvoyMaxPool', [x], attributes, outputs, 'pool').outputs[0] as Value;
}

/** The gradient of `placedMaxPool`'s input from that of its output. */
export function placedMaxPoolGradient(graph: GraphBuilder, { inputs, outputs, attributes }: GraphNode, gradient: Value): Value {
  const [x, place] = [inputs[0] as Value, outputs[1] as Value];
  const size = { integers: x.shape.slice(1, 3) };
  return graph.add('ConvoyMaxPoolGrad', [gradient, place], { ...attributes, size }, { type: x.type, shape: x.shape }, 'input');
}

/** What a gradient was before a pooling spread it: the gradient of the pooling's output, and the places of the maxima. */
export function pooledGradient(gradient: Value): { readonly gradient: Value; readonly place: Value; readonly node: GraphNode } | undefined {
  const { node } = gradient;
  if (node.op !== 'ConvoyMaxPoolGrad') return undefined;
  return { gradient: node.inputs[0] as Value, place: node.inputs[1] as Value, node };
}

/** Gradients of a convolution before such a pooling to its input and its filter; undefined of any other. */
export function pooledConvolutionGradients(
  graph: GraphBuilder,
  node: GraphNode,
  gradient: Value,
): { readonly input: () => Value; readonly filter: () => Value } | undefined {
  const pooled = pooledGradient(gradient);
  if (pooled === undefined || !isPlain(node)) return undefined;
  const [x, filter] = node.inputs as readonly [Value, Value];
  const { kernel, padding } = plainAttributes(node);
  const { window } = pooled.node.attributes as { window: { integers: readonly number[] } };
  const size = { integers: x.shape.slice(1, 3) };
  const T = { type: x.type } as const;
  const toInput = { type: x.type, shape: x.shape };
  const toFilter = { type: 'float32', shape: filter.shape } as const;
  const inputs = [pooled.gradient, pooled.place];
  return {
    input: () => graph.add('ConvoyPooledInputGrad', [filter, ...inputs], { padding, size, window, T }, toInput, 'input'),
    filter: () => {
      const sums = graph.add('ConvoyPooledFilterGrad', [x, ...inputs], { kernel, padding, window, T }, toFilter, 'filter');
      return towards(graph, sums, filter);
    },
  };
}
