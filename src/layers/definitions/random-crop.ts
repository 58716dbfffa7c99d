import { type Tensor, type Tensor4D, tf } from '../../base/tf.js';
import { binary, cast, concatenate, integers, sliceAt } from '../../ops/index.js';
import { type ArgumentRule, kept, meaningless, only } from '../arguments.js';
import { defineLayer } from '../definition.js';
import { fittedTensor, fittedValue, resizedTensor, resizedValue, windowOfRatio } from '../interpolation.js';
import { OwnLayer } from '../own-layer.js';
import { single } from '../scope.js';
import type { LayerSettings } from '../settings.js';
import { type BatchShape, onlyShape } from '../tfjs-layer.js';

type Size = readonly [height: number, width: number];

function sizeOf(settings: LayerSettings): Size {
  return [settings.number('height', 1), settings.number('width', 1)];
}

/** Keras 3 gives whole images in inference, Keras 2 the largest window of the size's ratio, resized. */
function givesWhole(settings: LayerSettings): boolean {
  return settings.boolean('wholeInInference', true);
}

/** Whether there is a choice of places: Keras 3 crops at random where both sides are larger. */
function isRandom([high, wide]: Size, [height, width]: Size): boolean {
  return high > height && wide > width;
}

/** What Keras takes of an image that leaves no choice: from the middle window, as many pixels of the size as there are. */
function fixedWindow([high, wide]: Size, [height, width]: Size) {
  const { top, left } = windowOfRatio([high, wide], [height, width]);
  return { top, left, height: Math.min(height, high - top), width: Math.min(width, wide - left) };
}

/** Keras's `RandomCrop`: in training one place at random for all images of a batch, or of a shard. */
class RandomCrop extends OwnLayer {
  static readonly className = 'RandomCrop';

  override computeOutputShape(inputShape: BatchShape | BatchShape[]): BatchShape {
    const shape = onlyShape(inputShape);
    return [shape[0] ?? null, ...sizeOf(this.settings), shape[3] ?? null];
  }

  protected override compute(x: Tensor): Tensor {
    if (givesWhole(this.settings)) return tf.clone(x);
    return tf.clone(fittedTensor(x as Tensor4D, sizeOf(this.settings), 'bilinear', 'crop'));
  }
}

/** Not an argument of Keras: convoy's own files say what the first file's version of Keras does in inference. */
const ofOwnFiles: ArgumentRule = {
  passed: true,
  expected: 'an argument that Keras has',
  accepts: (value, dialect) => dialect === 'tfjs' && typeof value === 'boolean',
};

defineLayer({
  className: RandomCrop.className,
  layer: RandomCrop,
  arguments: {
    height: kept,
    width: kept,
    seed: meaningless,
    data_format: only('channels_last'),
    whole_in_inference: ofOwnFiles,
  },
  convert: ({ config, dialect }) => ({
    className: RandomCrop.className,
    config: dialect === 'keras 2' ? { ...config, wholeInInference: false } : config,
  }),
  callDefaults: { training: true },
  lower: single((scope, x) => {
    const { graph, settings } = scope;
    const [, high, wide, channels] = x.shape as readonly [number, number, number, number];
    const size = sizeOf(settings);
    if (!scope.training) return givesWhole(settings) ? x : fittedValue(scope, x, size, 'bilinear', 'crop');
    if (!isRandom([high, wide], size)) {
      const { top, left, height, width } = fixedWindow([high, wide], size);
      const part = sliceAt(graph, x, integers(graph, [0, top, left, 0]), [-1, height, width, channels]);
      return resizedValue(scope, part, size, {
        interpolation: 'bilinear',
        alignCorners: false,
        halfPixelCenters: true,
      });
    }
    const attributes = { dtype: { type: 'float32' }, T: { type: 'int32' }, Tseed: { type: 'int32' } } as const;
    const output = { type: 'float32', shape: [2] } as const;
    const drawn = graph.add('StatelessRandomUniform', [integers(graph, [2]), scope.randomKey()], attributes, output);
    const places = graph.constant([high - size[0] + 1, wide - size[1] + 1], 'float32', [2]);
    const corner = cast(graph, binary(graph, 'Mul', drawn, places), 'int32');
    const none = integers(graph, [0]);
    return sliceAt(graph, x, concatenate(graph, [none, corner, none], 0), [-1, ...size, channels]);
  }),
  draw: (settings, x, random, place) => {
    const [, high = 1, wide = 1] = x.shape;
    const size = sizeOf(settings);
    if (!isRandom([high, wide], size)) {
      const { top, left, height, width } = fixedWindow([high, wide], size);
      const part = tf.slice(x as Tensor4D, [0, top, left, 0], [-1, height, width, -1]);
      return tf.clone(resizedTensor(part, size, 'bilinear'));
    }
    const [u = 0, v = 0] = random.uniform([2], place).dataSync();
    const corner = [u * (high - size[0] + 1), v * (wide - size[1] + 1)].map((at) => Math.floor(Math.fround(at)));
    return tf.slice(x, [0, ...corner, 0], [-1, ...size, -1]);
  },
});
