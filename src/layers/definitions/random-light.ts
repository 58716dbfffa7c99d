import { type Tensor, tf } from '../../base/tf.js';
import { binary, type GraphBuilder, reduce, scale, shapeWith, shift, type Value } from '../../ops/index.js';
import { clip } from '../activations.js';
import { kept, meaningless, only } from '../arguments.js';
import { defineLayer } from '../definition.js';
import { RestingLayer } from '../own-layer.js';
import { type LayerScope, single } from '../scope.js';
import type { LayerSettings } from '../settings.js';

/** Lowest and highest pixel. */
function valuesOf(settings: LayerSettings): readonly [number, number] {
  return settings.pair('valueRange', [0, 255]);
}

/** Ends of the number that is drawn for each image. */
function contrastOf(settings: LayerSettings): readonly [number, number] {
  const [lower, upper] = settings.pair('factor', [0, 0]);
  return [1 - lower, 1 + upper];
}

function brightnessOf(settings: LayerSettings): readonly [number, number] {
  const [first = 0, second] = settings.numbers('factor') ?? [];
  const [low, high] = valuesOf(settings);
  return [(second === undefined ? -first : first) * (high - low), (second ?? first) * (high - low)];
}

/** A number an image, uniform between `low` and `high`. */
function drawn(scope: LayerScope, x: Value, [low, high]: readonly [number, number]): Value {
  const { graph } = scope;
  const attributes = { dtype: { type: 'float32' }, T: { type: 'int32' }, Tseed: { type: 'int32' } } as const;
  const output = { type: 'float32', shape: [-1, 1, 1, 1] } as const;
  const inputs = [shapeWith(graph, x, [1, 1, 1]), scope.randomKey()];
  return shift(graph, scale(graph, graph.add('StatelessRandomUniform', inputs, attributes, output), high - low), low);
}

function clipped(graph: GraphBuilder, x: Value, [low, high]: readonly [number, number]): Value {
  return clip(graph, x, low, high);
}

/** Keras's `RandomContrast`: in training brings each image's pixels nearer to their channel's mean, or farther from it. */
class RandomContrast extends RestingLayer {
  static readonly className = 'RandomContrast';
}

/** Keras's `RandomBrightness`: in training adds a number to each image. */
class RandomBrightness extends RestingLayer {
  static readonly className = 'RandomBrightness';
}

const lightArguments = { factor: kept, value_range: kept, seed: meaningless, data_format: only('channels_last') };

defineLayer({
  className: RandomContrast.className,
  layer: RandomContrast,
  arguments: lightArguments,
  callDefaults: { training: true },
  lower: single((scope, x) => {
    if (!scope.training) return x;
    const { graph, settings } = scope;
    const mean = reduce(graph, 'Mean', x, [1, 2], true);
    const apart = binary(graph, 'Mul', binary(graph, 'Sub', x, mean), drawn(scope, x, contrastOf(settings)));
    return clipped(graph, binary(graph, 'AddV2', apart, mean), valuesOf(settings));
  }),
  draw: (settings, x, random, place) => {
    const [low, high] = contrastOf(settings);
    const factor = tf.add(tf.mul(random.uniform([x.shape[0] ?? 1, 1, 1, 1], place), high - low), low);
    const mean = tf.mean(x, [1, 2], true);
    return light(tf.add(tf.mul(tf.sub(x, mean), factor), mean), settings);
  },
});

defineLayer({
  className: RandomBrightness.className,
  layer: RandomBrightness,
  arguments: lightArguments,
  callDefaults: { training: true },
  lower: single((scope, x) => {
    if (!scope.training) return x;
    const { graph, settings } = scope;
    return clipped(graph, binary(graph, 'AddV2', x, drawn(scope, x, brightnessOf(settings))), valuesOf(settings));
  }),
  draw: (settings, x, random, place) => {
    const [low, high] = brightnessOf(settings);
    const delta = tf.add(tf.mul(random.uniform([x.shape[0] ?? 1, 1, 1, 1], place), high - low), low);
    return light(tf.add(x, delta), settings);
  },
});

function light(x: Tensor, settings: LayerSettings): Tensor {
  const [low, high] = valuesOf(settings);
  return tf.clipByValue(x, low, high);
}
