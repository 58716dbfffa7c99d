import { type Tensor, tf } from '../../base/tf.js';
import {
  binary,
  cast,
  concatenate,
  type GraphBuilder,
  integers,
  reshape,
  scale,
  shapeWith,
  shift,
  slice,
  unary,
  type Value,
} from '../../ops/index.js';
import { type ArgumentRule, type Arguments, among, kept, meaningless, only } from '../arguments.js';
import { defineLayer, type LayerClass } from '../definition.js';
import { RestingLayer } from '../own-layer.js';
import { single } from '../scope.js';
import type { LayerSettings } from '../settings.js';

/**
 * Keras's layers that rotate, zoom and move images at random in training, about their middle. Each draws two numbers an image,
 * uniform between 0 and 1; from them come the six numbers of an affine map from places of the output to those of the input.
 */

/** Numbers of both engines: tensors or values of a graph, [images, 1]. */
interface Numbers<N> {
  add(a: N, b: number | N): N;
  times(a: N, factor: number | N): N;
  sin(a: N): N;
  cos(a: N): N;
}

type Map = <N>(
  n: Numbers<N>,
  u: readonly [N, N],
  settings: LayerSettings,
  height: number,
  width: number,
) => readonly N[];

/** Lowest and highest of a factor: a number f stands for -f to f. */
function range(settings: LayerSettings, key: string): readonly [number, number] {
  const [first = 0, second] = settings.numbers(key) ?? [];
  return second === undefined ? [-first, first] : [first, second];
}

/** A uniform number between a factor's ends. */
function drawn<N>(n: Numbers<N>, u: N, [low, high]: readonly [number, number]): N {
  return n.add(n.times(u, high - low), low);
}

/** x' = a x + b y + c and y' = d x + e y + f, with c and f such that the middle stays. */
function aboutMiddle<N>(
  n: Numbers<N>,
  [a, b, d, e]: readonly [N, N, N, N],
  height: number,
  width: number,
): readonly N[] {
  const [x, y] = [(width - 1) / 2, (height - 1) / 2];
  const offset = (middle: number, alongX: N, alongY: N): N =>
    n.add(n.times(n.add(n.times(alongX, x), n.times(alongY, y)), -1), middle);
  return [a, b, offset(x, a, b), d, e, offset(y, d, e)];
}

const rotation: Map = (n, [u], settings, height, width) => {
  const angle = n.times(drawn(n, u, range(settings, 'factor')), 2 * Math.PI);
  const [cos, sin] = [n.cos(angle), n.sin(angle)];
  return aboutMiddle(n, [cos, n.times(sin, -1), sin, cos], height, width);
};

const zoom: Map = (n, [u, v], settings, height, width) => {
  const tall = n.add(drawn(n, u, range(settings, 'heightFactor')), 1);
  const wide = settings.numbers('widthFactor') ? n.add(drawn(n, v, range(settings, 'widthFactor')), 1) : tall;
  const none = n.times(u, 0);
  return aboutMiddle(n, [wide, none, none, tall], height, width);
};

const translation: Map = (n, [u, v], settings, height, width) => {
  const none = n.times(u, 0);
  const one = n.add(none, 1);
  const down = n.times(drawn(n, u, range(settings, 'heightFactor')), -height);
  const across = n.times(drawn(n, v, range(settings, 'widthFactor')), -width);
  return [one, none, across, none, one, down];
};

const ofTensors: Numbers<Tensor> = {
  add: (a, b) => tf.add(a, b),
  times: (a, factor) => tf.mul(a, factor),
  sin: (a) => tf.sin(a),
  cos: (a) => tf.cos(a),
};

function ofGraph(graph: GraphBuilder): Numbers<Value> {
  return {
    add: (a, b) => (typeof b === 'number' ? shift(graph, a, b) : binary(graph, 'AddV2', a, b)),
    times: (a, factor) => (typeof factor === 'number' ? scale(graph, a, factor) : binary(graph, 'Mul', a, factor)),
    sin: (a) => unary(graph, 'Sin', a),
    cos: (a) => unary(graph, 'Cos', a),
  };
}

/** A layer that maps its images so. */
function defineProjection(layer: LayerClass, map: Map, own: Arguments): void {
  const fillMode: ArgumentRule = among('reflect', 'wrap', 'constant', 'nearest');
  defineLayer({
    className: layer.className,
    layer,
    arguments: {
      ...own,
      fill_mode: fillMode,
      fill_value: kept,
      interpolation: among('bilinear', 'nearest'),
      seed: meaningless,
      data_format: only('channels_last'),
      value_range: meaningless,
    },
    callDefaults: { training: true },
    lower: single((scope, x) => {
      if (!scope.training) return x;
      const { graph, settings } = scope;
      const [, height, width] = x.shape as readonly [number, number, number];
      const attributes = { dtype: { type: 'float32' }, T: { type: 'int32' }, Tseed: { type: 'int32' } } as const;
      const sizes = shapeWith(graph, x, [2]);
      const drawnNumbers = graph.add('StatelessRandomUniform', [sizes, scope.randomKey()], attributes, {
        type: 'float32',
        shape: [-1, 2],
      });
      const numbers = [0, 1].map((column) => slice(graph, drawnNumbers, [0, column], [-1, 1])) as [Value, Value];
      const six = map(ofGraph(graph), numbers, settings, height, width);
      const none = scale(graph, numbers[0], 0);
      const transforms = reshape(graph, concatenate(graph, [...six, none, none], 1), [-1, 8]);
      const fill = graph.constant(settings.number('fillValue', 0), 'float32');
      const inputs = [cast(graph, x, 'float32'), transforms, integers(graph, [height, width]), fill];
      const modes = {
        dtype: { type: 'float32' },
        interpolation: settings.string('interpolation', 'bilinear').toUpperCase(),
        fill_mode: settings.string('fillMode', 'reflect').toUpperCase(),
      } as const;
      const moved = graph.add('ImageProjectiveTransformV3', inputs, modes, { type: 'float32', shape: x.shape });
      return cast(graph, moved, x.type);
    }),
    draw: (settings, x, random, place) => {
      const [count = 1, height = 1, width = 1] = x.shape;
      const [u, v] = tf.split(random.uniform([count, 2], place), 2, 1) as [Tensor, Tensor];
      const six = map(ofTensors, [u, v], settings, height, width);
      const none = tf.zeros([count, 1]);
      return random.project(x, tf.concat([...six, none, none], 1), {
        interpolation: settings.string('interpolation', 'bilinear').toUpperCase(),
        fillMode: settings.string('fillMode', 'reflect').toUpperCase(),
        fillValue: settings.number('fillValue', 0),
      });
    },
  });
}

class RandomRotation extends RestingLayer {
  static readonly className = 'RandomRotation';
}

class RandomZoom extends RestingLayer {
  static readonly className = 'RandomZoom';
}

class RandomTranslation extends RestingLayer {
  static readonly className = 'RandomTranslation';
}

defineProjection(RandomRotation, rotation, { factor: kept });
defineProjection(RandomZoom, zoom, { height_factor: kept, width_factor: kept });
defineProjection(RandomTranslation, translation, { height_factor: kept, width_factor: kept });
