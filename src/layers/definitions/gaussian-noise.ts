import { tf } from '../../base/tf.js';
import { binary, cast, type GraphBuilder, scale, shapeOf, shift, type Value } from '../../ops/index.js';
import { kept, meaningless } from '../arguments.js';
import { defineLayer } from '../definition.js';
import { atRate, drawAtRate } from '../drop.js';
import { single } from '../scope.js';

/** Standard normal numbers of a value's shape. */
function normal(graph: GraphBuilder, key: Value, like: Value): Value {
  const attributes = { dtype: { type: 'float32' }, T: { type: 'int32' }, Tseed: { type: 'int32' } } as const;
  const output = { type: 'float32', shape: like.shape } as const;
  const noise = graph.add('StatelessRandomNormal', [shapeOf(graph, like), key], attributes, output);
  return cast(graph, noise, like.type);
}

/** Times 1 plus noise whose variance is that of dropout (Srivastava et al. 2014, section 10). */
defineLayer({
  className: 'GaussianDropout',
  arguments: { rate: kept, seed: meaningless },
  callDefaults: { training: false },
  lower: atRate((scope, x, rate) => {
    const { graph } = scope;
    const noise = scale(graph, normal(graph, scope.randomKey(), x), Math.sqrt(rate / (1 - rate)));
    return binary(graph, 'Mul', x, shift(graph, noise, 1));
  }),
  draw: drawAtRate((x, random, place, rate) => {
    const deviation = Math.sqrt(rate / (1 - rate));
    return tf.mul(x, tf.add(tf.mul(random.normal(x.shape, place), deviation), 1));
  }),
});

defineLayer({
  className: 'GaussianNoise',
  arguments: { stddev: kept, seed: meaningless },
  callDefaults: { training: false },
  lower: single((scope, x) => {
    if (!scope.training) return x;
    const { graph } = scope;
    const noise = scale(graph, normal(graph, scope.randomKey(), x), scope.settings.number('stddev', 0));
    return binary(graph, 'AddV2', x, noise);
  }),
  draw: (settings, x, random, place) => tf.add(x, tf.mul(random.normal(x.shape, place), settings.number('stddev', 0))),
});
