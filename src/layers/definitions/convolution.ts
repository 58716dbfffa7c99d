import { conv2d, depthwiseConv2d, reshape } from '../../ops/index.js';
import { type Arguments, kept, only, weightArguments } from '../arguments.js';
import { defineLayer } from '../definition.js';
import { single } from '../scope.js';
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

defineLayer({
  className: 'Conv2D',
  arguments: { ...convolutionArguments, ...weightArguments('kernel'), filters: kept, groups: only(1) },
  lower: single((scope, x) =>
    channelsLast(scope, x, (image) =>
      finish(scope, conv2d(scope.graph, scope.compute(image), kernelOf(scope, 'kernel'), windowOf(scope))),
    ),
  ),
});

defineLayer({
  className: 'Conv1D',
  arguments: { ...convolutionArguments, ...weightArguments('kernel'), filters: kept, groups: only(1) },
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
  lower: single((scope, x) =>
    channelsLast(scope, x, (image) => {
      const filter = kernelOf(scope, 'depthwise_kernel');
      return finish(scope, depthwiseConv2d(scope.graph, scope.compute(image), filter, windowOf(scope)));
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
  lower: single((scope, x) =>
    channelsLast(scope, x, (image) => {
      const { graph } = scope;
      const filter = kernelOf(scope, 'depthwise_kernel');
      const deep = depthwiseConv2d(graph, scope.compute(image), filter, windowOf(scope));
      const points = { strides: [1, 1], padding: 'VALID' } as const;
      return finish(scope, conv2d(graph, deep, kernelOf(scope, 'pointwise_kernel'), points));
    }),
  ),
});
