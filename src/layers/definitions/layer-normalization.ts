import { cast } from '../../ops/index.js';
import { only } from '../arguments.js';
import { defineLayer } from '../definition.js';
import { defaultEpsilon, normArguments, scaleAndShift, singleAxis, standardize } from '../norms.js';
import { single } from '../scope.js';

/** Layer normalization (Ba et al. 2016). */
defineLayer({
  className: 'LayerNormalization',
  arguments: { ...normArguments, rms_scaling: only(false) },
  convert: singleAxis('LayerNormalization'),
  lower: single((scope, x) => {
    const { graph, settings } = scope;
    const rank = x.shape.length;
    const axes = (settings.numbers('axis') ?? [-1]).map((axis) => (axis < 0 ? rank + axis : axis));
    const normal = standardize(graph, cast(graph, x, 'float32'), axes, settings.number('epsilon', defaultEpsilon));
    const across = x.shape.map((size, axis) => (axes.includes(axis) ? size : 1)).slice(Math.min(...axes));
    return cast(graph, scaleAndShift(scope, normal, across), x.type);
  }),
});
