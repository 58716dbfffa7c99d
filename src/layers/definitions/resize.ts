import { type Tensor, type Tensor4D, tf } from '../../base/tf.js';
import {
  binary,
  broadcastTo,
  cast,
  type GraphBuilder,
  integers,
  reshape,
  scale,
  shapeWith,
  shift,
  type Value,
} from '../../ops/index.js';
import { among, dataFormat, kept, meaningless, only } from '../arguments.js';
import { defineLayer } from '../definition.js';
import { resizedTensor } from '../interpolation.js';
import { OwnLayer, tfjsClass } from '../own-layer.js';
import { type LayerScope, single } from '../scope.js';
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

/** `ResizeBilinear` or `ResizeNearestNeighbor`, as tfjs calls them; in float32. */
function resize(
  scope: LayerScope,
  x: Value,
  size: readonly [number, number],
  options: { readonly interpolation: string; readonly alignCorners: boolean; readonly halfPixelCenters?: boolean },
): Value {
  const { graph } = scope;
  const [, height, width, channels] = x.shape as readonly [number, number, number, number];
  if (height === size[0] && width === size[1]) return x;
  if (options.interpolation !== 'bilinear' && options.interpolation !== 'nearest') {
    throw scope.error("interpolation 'bilinear' or 'nearest'", JSON.stringify(options.interpolation));
  }
  const op = options.interpolation === 'bilinear' ? 'ResizeBilinear' : 'ResizeNearestNeighbor';
  const attributes = {
    T: { type: 'float32' },
    align_corners: options.alignCorners,
    half_pixel_centers: options.halfPixelCenters ?? false,
  } as const;
  const output = { type: 'float32', shape: [-1, ...size, channels] } as const;
  return graph.add(op, [cast(graph, x, 'float32'), integers(graph, size)], attributes, output, 'resize');
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
      return resize(scope, image, size, { interpolation, alignCorners: false, halfPixelCenters });
    });
  }),
});

/** Keras's `Resizing`, of images whose height and width may change their ratio. */
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
    return resizedTensor(x as Tensor4D, this.#size, this.settings.string('interpolation', 'bilinear'));
  }
}

defineLayer({
  className: 'Resizing',
  layer: Resizing,
  arguments: {
    height: kept,
    width: kept,
    interpolation,
    crop_to_aspect_ratio: only(false),
    pad_to_aspect_ratio: only(false),
    antialias: only(false),
    fill_mode: meaningless,
    fill_value: meaningless,
    data_format: only('channels_last'),
  },
  callDefaults: { training: true },
  lower: single((scope, x) =>
    resize(scope, x, [scope.settings.number('height', 0), scope.settings.number('width', 0)], {
      interpolation: scope.settings.string('interpolation', 'bilinear'),
      alignCorners: false,
      halfPixelCenters: true,
    }),
  ),
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
