import { backpropInput, convolutionAttributes, shapeWith, type Value } from '../../ops/index.js';
import { kept, only, weightArguments } from '../arguments.js';
import { TransposedConvolution, transposedSizes } from '../convolutions.js';
import { defineLayer } from '../definition.js';
import { dilated } from '../dilation.js';
import { type LayerScope, single } from '../scope.js';
import { channelsLast, finish, finishArguments, kernelOf, windowArguments, windowOf } from '../windows.js';

/** A transposed convolution: the gradient of the convolution that would undo its change of size. */
function transposed(scope: LayerScope, x: Value): Value {
  const { graph, settings } = scope;
  const { strides, padding, dilations = [1, 1] } = windowOf(scope);
  const filter = dilated(graph, kernelOf(scope, 'kernel'), dilations);
  const [, height, width] = x.shape as readonly [number, number, number];
  const rest = [...transposedSizes(settings, height, width), filter.shape[2] as number];
  const input = { sizes: shapeWith(graph, x, rest), shape: [-1, ...rest] };
  const attributes = convolutionAttributes(x, { strides, padding });
  return backpropInput(graph, 'Conv2DBackpropInput', input, filter, scope.compute(x), {
    ...attributes,
    T: { type: scope.computeType },
  });
}

defineLayer({
  className: 'Conv2DTranspose',
  layer: TransposedConvolution,
  arguments: {
    ...windowArguments,
    ...finishArguments,
    ...weightArguments('kernel'),
    filters: kept,
    kernel_size: kept,
    dilation_rate: kept,
    output_padding: kept,
    rank: kept,
    groups: only(1),
  },
  lower: single((scope, x) => channelsLast(scope, x, (image) => finish(scope, transposed(scope, image)))),
});
