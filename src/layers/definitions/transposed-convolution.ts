import { backpropInput, convolutionAttributes, shapeWith, type Value, type WindowPadding } from '../../ops/index.js';
import { kept, only, weightArguments } from '../arguments.js';
import { defineLayer } from '../definition.js';
import { type LayerScope, single } from '../scope.js';
import { channelsLast, finish, finishArguments, kernelOf, windowArguments, windowOf } from '../windows.js';

/** Size along one axis that a transposed convolution gives, as tfjs counts it. */
function transposedSize(size: number, window: number, stride: number, padding: WindowPadding): number {
  return padding === 'SAME' ? size * stride : size * stride + Math.max(window - stride, 0);
}

/** A transposed convolution: the gradient of the convolution that would undo its change of size. */
function transposed(scope: LayerScope, x: Value): Value {
  const { graph } = scope;
  const filter = kernelOf(scope, 'kernel');
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

defineLayer({
  className: 'Conv2DTranspose',
  arguments: {
    ...windowArguments,
    ...finishArguments,
    ...weightArguments('kernel'),
    filters: kept,
    kernel_size: kept,
    dilation_rate: kept,
    output_padding: only(null),
    groups: only(1),
  },
  lower: single((scope, x) => channelsLast(scope, x, (image) => finish(scope, transposed(scope, image)))),
});
