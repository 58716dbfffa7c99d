import { concatenate, conv2d, depthwiseConv2d, reshape, slice, type Value } from '../../ops/index.js';
import { type Arguments, kept, only, weightArguments } from '../arguments.js';
import { DepthwiseConvolution, GroupedConvolution, RowConvolution, SeparableConvolution } from '../convolutions.js';
import { defineLayer } from '../definition.js';
import { dilated } from '../dilation.js';
import { type LayerScope, single } from '../scope.js';
import {
  asRow,
  channelsLast,
  finish,
  finishArguments,
  kernelOf,
  paddingOf,
  windowArguments,
  windowOf,
} from '../windows.js';

const convolutionArguments: Arguments = {
  ...windowArguments,
  ...finishArguments,
  kernel_size: kept,
  dilation_rate: kept,
  rank: kept,
};

/** Each group of channels with its own filters; groups of one channel are a depthwise convolution. */
function grouped(scope: LayerScope, x: Value): Value {
  const { graph } = scope;
  const groups = scope.settings.number('groups', 1);
  const filter = kernelOf(scope, 'kernel');
  const window = windowOf(scope);
  if (groups === 1) return conv2d(graph, x, filter, window);
  const [high, wide, inputs, filters] = filter.shape as readonly [number, number, number, number];
  if (inputs === 1) return deepened(scope, x, reshape(graph, filter, [high, wide, groups, filters / groups]));
  const outputs = filters / groups;
  const parts = Array.from({ length: groups }, (_, group) => {
    const own = slice(graph, x, [0, 0, 0, group * inputs], [-1, x.shape[1] as number, x.shape[2] as number, inputs]);
    return conv2d(graph, own, slice(graph, filter, [0, 0, 0, group * outputs], [high, wide, inputs, outputs]), window);
  });
  return concatenate(graph, parts, 3);
}

/** A depthwise convolution; of dilated windows TensorFlow's gradients are wrong, so that zeros come between the filter's rows. */
function deepened(scope: LayerScope, x: Value, filter: Value): Value {
  const { dilations = [1, 1], ...window } = windowOf(scope);
  return depthwiseConv2d(scope.graph, x, dilated(scope.graph, filter, dilations), window);
}

defineLayer({
  className: 'Conv2D',
  arguments: { ...convolutionArguments, ...weightArguments('kernel'), filters: kept, groups: kept },
  layer: GroupedConvolution,
  lower: single((scope, x) => channelsLast(scope, x, (image) => finish(scope, grouped(scope, scope.compute(image))))),
});

defineLayer({
  className: 'Conv1D',
  layer: RowConvolution,
  arguments: {
    ...convolutionArguments,
    ...weightArguments('kernel'),
    data_format: only('channels_last'),
    filters: kept,
    groups: only(1),
  },
  lower: single((scope, x) =>
    asRow(scope, x, (row) => {
      const filter = kernelOf(scope, 'kernel');
      const [stride = 1] = scope.settings.numbers('strides') ?? [];
      const [dilation = 1] = scope.settings.numbers('dilationRate') ?? [];
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
});

defineLayer({
  className: 'DepthwiseConv2D',
  arguments: { ...convolutionArguments, ...weightArguments('depthwise'), depth_multiplier: kept },
  layer: DepthwiseConvolution,
  lower: single((scope, x) =>
    channelsLast(scope, x, (image) => {
      const filter = kernelOf(scope, 'depthwise_kernel');
      return finish(scope, deepened(scope, scope.compute(image), filter));
    }),
  ),
});

defineLayer({
  className: 'SeparableConv2D',
  arguments: {
    ...convolutionArguments,
    ...weightArguments('depthwise', 'pointwise'),
    filters: kept,
    depth_multiplier: kept,
    groups: only(1),
  },
  layer: SeparableConvolution,
  lower: single((scope, x) =>
    channelsLast(scope, x, (image) => {
      const { graph } = scope;
      const filter = kernelOf(scope, 'depthwise_kernel');
      const deep = deepened(scope, scope.compute(image), filter);
      const points = { strides: [1, 1], padding: 'VALID' } as const;
      return finish(scope, conv2d(graph, deep, kernelOf(scope, 'pointwise_kernel'), points));
    }),
  ),
});
