import { type Tensor, type Tensor4D, tf } from '../../base/tf.js';
import {
  binary,
  broadcastTo,
  type GraphBuilder,
  reshape,
  scale,
  shapeWith,
  shift,
  type Value,
} from '../../ops/index.js';
import { among, dataFormat, kept, only } from '../arguments.js';
import { defineLayer } from '../definition.js';
import { type Aspect, fittedTensor, fittedValue, resizedTensor, resizedValue } from '../interpolation.js';
import { OwnLayer, tfjsClass } from '../own-layer.js';
import { single } from '../scope.js';
import { LayerSettings } from '../settings.js';
import { type BatchShape, onlyInput, onlyShape, type SerializedConfig } from '../tfjs-layer.js';
import { channelsLast } from '../windows.js';

/** Nearest neighbours at whole factors: every pixel becomes a block. */
function repeatPixels(graph: GraphBuilder, x: Value, [down, across]: readonly [number, number]): Value {
  const [, height, width, channels] = x.shape as readonly [number, number, number, number];
  const cells = reshape(graph, x, [-1, 1, width, 1, channels]);
  const rows = broadcastTo(graph, cells, shapeWith(graph, cells, [down, width, across, channels]), [
    -1,
    down,
    width,
    across,
    channels,
  ]);
  return reshape(graph, rows, [-1, height * down, width * across, channels]);
}

const interpolation = among('nearest', 'bilinear');

/** Keras interpolates between centres of pixels, tfjs between their corners. */
class UpSampling extends tfjsClass('UpSampling2D') {
  static readonly className = 'UpSampling2D';
  readonly #settings: LayerSettings;

  constructor(config: Readonly<Record<string, unknown>>) {
    const { halfPixelCenters: _halfPixelCenters, ...rest } = config;
    super(rest as never);
    this.#settings = new LayerSettings(config);
  }

  override call(inputs: Tensor | Tensor[], kwargs: never): Tensor | Tensor[] {
    const settings = this.#settings;
    if (!settings.boolean('halfPixelCenters', false)) return super.call(inputs, kwargs);
    const isFirst = settings.string('dataFormat', 'channelsLast') === 'channelsFirst';
    const [down, across] = settings.pair('size', [2, 2]);
    return tf.tidy(() => {
      const x = onlyInput(inputs) as Tensor4D;
      const image = isFirst ? tf.transpose(x, [0, 2, 3, 1]) : x;
      const [, height, width] = image.shape;
      const resized = resizedTensor(image, [height * down, width * across], 'bilinear');
      return isFirst ? tf.transpose(resized, [0, 3, 1, 2]) : resized;
    });
  }

  override getConfig(): SerializedConfig {
    const centres = this.#settings.boolean('halfPixelCenters', false);
    return centres ? { ...super.getConfig(), halfPixelCenters: true } : super.getConfig();
  }
}

defineLayer({
  className: 'UpSampling2D',
  layer: UpSampling,
  arguments: { size: kept, data_format: dataFormat, interpolation, half_pixel_centers: kept },
  convert({ config, dialect }) {
    const isCentred = dialect !== 'tfjs' && config['interpolation'] === 'bilinear';
    return { className: 'UpSampling2D', config: isCentred ? { ...config, halfPixelCenters: true } : config };
  },
  lower: single((scope, x) => {
    const factors = scope.settings.pair('size', [2, 2]);
    const interpolation = scope.settings.string('interpolation', 'nearest');
    return channelsLast(scope, x, (image) => {
      if (interpolation === 'nearest') return repeatPixels(scope.graph, image, factors);
      const [, height, width] = image.shape as readonly [number, number, number];
      const size = [height * factors[0], width * factors[1]] as const;
      const halfPixelCenters = scope.settings.boolean('halfPixelCenters', false);
      return resizedValue(scope, image, size, { interpolation, alignCorners: false, halfPixelCenters });
    });
  }),
});

/** What `Resizing` does where the image's sides have another ratio. */
function aspectOf(settings: LayerSettings): Aspect {
  if (settings.boolean('cropToAspectRatio', false)) return 'crop';
  return settings.boolean('padToAspectRatio', false) ? 'pad' : 'stretch';
}

/** Keras's `Resizing`: stretches images, or cuts or surrounds them first so that they keep their ratio. */
class Resizing extends OwnLayer {
  static readonly className = 'Resizing';

  get #size(): [number, number] {
    return [this.settings.number('height', 1), this.settings.number('width', 1)];
  }

  override computeOutputShape(inputShape: BatchShape | BatchShape[]): BatchShape {
    const shape = onlyShape(inputShape);
    return [shape[0] ?? null, ...this.#size, shape[3] ?? null];
  }

  protected override compute(x: Tensor): Tensor {
    const { settings } = this;
    const interpolation = settings.string('interpolation', 'bilinear');
    const fill = settings.number('fillValue', 0);
    return tf.clone(fittedTensor(x as Tensor4D, this.#size, interpolation, aspectOf(settings), fill));
  }
}

defineLayer({
  className: 'Resizing',
  layer: Resizing,
  arguments: {
    height: kept,
    width: kept,
    interpolation,
    crop_to_aspect_ratio: kept,
    pad_to_aspect_ratio: kept,
    antialias: only(false),
    fill_mode: only('constant'),
    fill_value: kept,
    data_format: only('channels_last'),
  },
  callDefaults: { training: true },
  lower: single((scope, x) => {
    const { settings } = scope;
    const size = [settings.number('height', 0), settings.number('width', 0)] as const;
    const interpolation = settings.string('interpolation', 'bilinear');
    return fittedValue(scope, x, size, interpolation, aspectOf(settings), settings.number('fillValue', 0));
  }),
});

/** By one number, or by one for each channel. */
defineLayer({
  className: 'Rescaling',
  arguments: { scale: kept, offset: kept },
  lower: single(({ graph, settings }, x) => {
    const [factors, offsets] = [settings.numbers('scale') ?? [1], settings.numbers('offset') ?? [0]];
    const vector = (values: readonly number[]): Value => graph.constant(values, x.type, [values.length]);
    const [factor, offset] = [factors[0] as number, offsets[0] as number];
    const scaled = factors.length === 1 ? scale(graph, x, factor) : binary(graph, 'Mul', x, vector(factors));
    return offsets.length === 1 ? shift(graph, scaled, offset) : binary(graph, 'AddV2', scaled, vector(offsets));
  }),
});
