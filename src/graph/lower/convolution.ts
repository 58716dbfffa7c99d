import {
  backpropInput,
  biasAdd,
  cast,
  conv2d,
  convolutionAttributes,
  depthwiseConv2d,
  type Padding,
  reshape,
  shapeWith,
  transpose,
  type Value,
  type WindowOptions,
} from '../../ops/index.js';
import { activate } from './activation.js';
import { type LayerScope, type LoweringTable, single } from './scope.js';

/** TensorFlow's name of a layer's padding. */
export function paddingOf(scope: LayerScope): Padding {
  const name = scope.config.string('padding', 'valid');
  if (name === 'same') return 'SAME';
  if (name === 'valid') return 'VALID';
  throw scope.error("padding 'same' or 'valid'", JSON.stringify(name));
}

/** Strides, padding and dilation of a layer's window. */
export function windowOf(scope: LayerScope): WindowOptions {
  return {
    strides: scope.config.pair('strides', [1, 1]),
    padding: paddingOf(scope),
    dilations: scope.config.pair('dilationRate', [1, 1]),
  };
}

/** Runs `lower` on [B, h, w, c], whatever the layer's data format. */
export function channelsLast(scope: LayerScope, x: Value, lower: (x: Value) => Value): Value {
  if (scope.config.string('dataFormat', 'channelsLast') !== 'channelsFirst') return lower(x);
  return transpose(scope.graph, lower(transpose(scope.graph, x, [0, 2, 3, 1])), [0, 3, 1, 2]);
}

/** Adds the layer's bias, if it has one, and applies its activation. */
export function finish(scope: LayerScope, x: Value): Value {
  const biased = scope.has('bias') ? biasAdd(scope.graph, x, cast(scope.graph, scope.weight('bias'), x.type)) : x;
  return activate(scope, biased);
}

function kernel(scope: LayerScope, name: string): Value {
  return scope.compute(scope.weight(name));
}

/** Size along one axis that a transposed convolution gives, as tfjs counts it. */
function transposedSize(size: number, window: number, stride: number, padding: Padding): number {
  return padding === 'SAME' ? size * stride : size * stride + Math.max(window - stride, 0);
}

/** A transposed convolution: the gradient of the convolution that would undo its change of size. */
function transposed(scope: LayerScope, x: Value): Value {
  const { graph } = scope;
  const filter = kernel(scope, 'kernel');
  const [high, wide, filters] = filter.shape as readonly [number, number, number];
  const [, height, width] = x.shape as readonly [number, number, number];
  const { strides, padding } = windowOf(scope);
  const rest = [
    transposedSize(height, high, strides[0], padding),
    transposedSize(width, wide, strides[1], padding),
    filters,
  ];
  const input = { sizes: shapeWith(graph, x, rest), shape: [-1, ...rest] };
  const attributes = convolutionAttributes(x, { strides, padding });
  return backpropInput(graph, 'Conv2DBackpropInput', input, filter, scope.compute(x), {
    ...attributes,
    T: { type: scope.computeType },
  });
}

/** Runs `lower` on [B, t, c] as an image of one row. */
export function asRow(scope: LayerScope, x: Value, lower: (x: Value) => Value): Value {
  const [, steps, channels] = x.shape as readonly [number, number, number];
  const row = lower(reshape(scope.graph, x, [-1, 1, steps, channels]));
  return reshape(scope.graph, row, [-1, row.shape[2] as number, row.shape[3] as number]);
}

/** Convolutions over height and width, and over one axis. */
export const convolutionLowerings: LoweringTable = {
  Conv2D: single((scope, x) =>
    channelsLast(scope, x, (image) =>
      finish(scope, conv2d(scope.graph, scope.compute(image), kernel(scope, 'kernel'), windowOf(scope))),
    ),
  ),
  Conv1D: single((scope, x) =>
    asRow(scope, x, (row) => {
      const filter = kernel(scope, 'kernel');
      const [stride = 1] = scope.config.numbers('strides') ?? [];
      const [dilation = 1] = scope.config.numbers('dilationRate') ?? [];
      return finish(
        scope,
        conv2d(scope.graph, scope.compute(row), reshape(scope.graph, filter, [1, ...filter.shape]), {
          strides: [1, stride],
          dilations: [1, dilation],
          padding: paddingOf(scope),
        }),
      );
    }),
  ),
  Conv2DTranspose: single((scope, x) => channelsLast(scope, x, (image) => finish(scope, transposed(scope, image)))),
  DepthwiseConv2D: single((scope, x) =>
    channelsLast(scope, x, (image) => {
      const filter = kernel(scope, 'depthwise_kernel');
      return finish(scope, depthwiseConv2d(scope.graph, scope.compute(image), filter, windowOf(scope)));
    }),
  ),
  SeparableConv2D: single((scope, x) =>
    channelsLast(scope, x, (image) => {
      const { graph } = scope;
      const filter = kernel(scope, 'depthwise_kernel');
      const deep = depthwiseConv2d(graph, scope.compute(image), filter, windowOf(scope));
      const points = { strides: [1, 1], padding: 'VALID' } as const;
      return finish(scope, conv2d(graph, deep, kernel(scope, 'pointwise_kernel'), points));
    }),
  ),
};
