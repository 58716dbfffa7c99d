import { biasAdd, conv2d, depthwiseConv2d, type Padding, type WindowOptions } from '../ops/neural.js';
import { cast } from '../ops/elementwise.js';
import { transpose } from '../ops/shape.js';
import type { Value } from '../types.js';
import { activate } from './activation.js';
import { single, type LayerScope, type LoweringTable } from './scope.js';

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

/** Convolutions over height and width. */
export const convolutionLowerings: LoweringTable = {
  Conv2D: single((scope, x) =>
    channelsLast(scope, x, (image) =>
      finish(scope, conv2d(scope.graph, scope.compute(image), kernel(scope, 'kernel'), windowOf(scope))),
    ),
  ),
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

