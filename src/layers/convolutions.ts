import { type Tensor, type Tensor4D, tf } from '../base/tf.js';
import { dilatedTensor } from './dilation.js';
import { tfjsClass } from './own-layer.js';
import { LayerSettings } from './settings.js';
import { type BatchShape, fixedSize, onlyInput, onlyShape, type SerializedConfig } from './tfjs-layer.js';

type Weight = InstanceType<typeof tf.layers.Layer>['weights'][number];

/** What tfjs's convolutions keep of themselves. */
interface Convolution {
  kernel?: Weight;
  depthwiseKernel?: Weight;
  pointwiseKernel?: Weight;
  bias?: Weight | null;
  activation?: { apply(x: Tensor): Tensor } | null;
}

/** What a convolution makes of its sums: bias, activation. */
function finished(layer: Convolution, x: Tensor): Tensor {
  const biased = layer.bias ? tf.add(x, layer.bias.read()) : x;
  return layer.activation ? layer.activation.apply(biased) : biased;
}

/** Runs `convolve` on [batch, height, width, channels], whatever the layer's data format. */
function lastly(settings: LayerSettings, inputs: Tensor | Tensor[], convolve: (x: Tensor4D) => Tensor): Tensor {
  const x = onlyInput(inputs) as Tensor4D;
  if (settings.string('dataFormat', 'channelsLast') !== 'channelsFirst') return convolve(x);
  return tf.transpose(convolve(tf.transpose(x, [0, 2, 3, 1])), [0, 3, 1, 2]);
}

/** A depthwise convolution, dilated by zeros in the filter: tfjs has no gradient of a dilated one. */
function deep(settings: LayerSettings, x: Tensor4D, filter: Tensor4D): Tensor4D {
  const strides = [...settings.pair('strides', [1, 1])] as [number, number];
  const padding = settings.string('padding', 'valid') as 'valid' | 'same';
  return tf.depthwiseConv2d(x, dilatedTensor(filter, settings.pair('dilationRate', [1, 1])), strides, padding);
}

const Conv2D = tfjsClass('Conv2D');
const DepthwiseConv2D = tfjsClass('DepthwiseConv2D');
const SeparableConv2D = tfjsClass('SeparableConv2D');

/** Keras's Conv2D, with groups of channels that have filters of their own. */
export class GroupedConvolution extends Conv2D {
  static readonly className = 'Conv2D';
  readonly #settings: LayerSettings;
  readonly #groups: number;

  constructor(config: Readonly<Record<string, unknown>>) {
    const { groups, ...rest } = config;
    super(rest as never);
    this.#settings = new LayerSettings(config);
    this.#groups = typeof groups === 'number' ? groups : 1;
  }

  override build(inputShape: BatchShape | BatchShape[]): void {
    const shape = [...onlyShape(inputShape)];
    if (this.#groups === 1) return super.build(shape);
    const first = this.#settings.string('dataFormat', 'channelsLast') === 'channelsFirst';
    const channels = fixedSize(shape, first ? 1 : -1, this.name);
    if (channels % this.#groups !== 0 || this.#settings.number('filters', 0) % this.#groups !== 0) {
      throw new RangeError(`${this.#groups} groups do not divide ${channels} channels and the filters`);
    }
    shape[first ? 1 : shape.length - 1] = channels / this.#groups;
    super.build(shape);
    this.inputSpec = [];
  }

  override call(inputs: Tensor | Tensor[], kwargs: never): Tensor | Tensor[] {
    const settings = this.#settings;
    const dilations = settings.pair('dilationRate', [1, 1]);
    if (this.#groups === 1 && dilations.every((dilation) => dilation === 1)) return super.call(inputs, kwargs);
    const layer = this as unknown as Convolution;
    return tf.tidy(() =>
      lastly(settings, inputs, (x) => {
        // tfjs has no gradient of a dilated convolution.
        const filters = tf.split(dilatedTensor(layer.kernel?.read() as Tensor4D, dilations), this.#groups, 3);
        const strides = [...settings.pair('strides', [1, 1])] as [number, number];
        const padding = settings.string('padding', 'valid') as 'valid' | 'same';
        const parts = tf.split(x, this.#groups, 3).map((part, group) => {
          return tf.conv2d(part as Tensor4D, filters[group] as Tensor4D, strides, padding);
        });
        return finished(layer, tf.concat(parts, 3));
      }),
    );
  }

  override getConfig(): SerializedConfig {
    return this.#groups === 1 ? super.getConfig() : { ...super.getConfig(), groups: this.#groups };
  }
}

/** Keras's Conv1D, dilated where it is. */
export class RowConvolution extends tfjsClass('Conv1D') {
  static readonly className = 'Conv1D';
  readonly #settings: LayerSettings;

  constructor(config: Readonly<Record<string, unknown>>) {
    super(config as never);
    this.#settings = new LayerSettings(config);
  }

  override call(inputs: Tensor | Tensor[], kwargs: never): Tensor | Tensor[] {
    const settings = this.#settings;
    const [dilation = 1] = settings.numbers('dilationRate') ?? [];
    if (dilation === 1) return super.call(inputs, kwargs);
    const layer = this as unknown as Convolution;
    return tf.tidy(() => {
      const row = tf.expandDims(onlyInput(inputs), 1) as Tensor4D;
      const filter = tf.expandDims(layer.kernel?.read() as Tensor, 0) as Tensor4D;
      const padding = settings.string('padding', 'valid') as 'valid' | 'same';
      const [stride = 1] = settings.numbers('strides') ?? [];
      return finished(
        layer,
        tf.squeeze(tf.conv2d(row, dilatedTensor(filter, [1, dilation]), [1, stride], padding), [1]),
      );
    });
  }
}

/** Keras's DepthwiseConv2D, dilated where it is. */
export class DepthwiseConvolution extends DepthwiseConv2D {
  static readonly className = 'DepthwiseConv2D';
  readonly #settings: LayerSettings;

  constructor(config: Readonly<Record<string, unknown>>) {
    super(config as never);
    this.#settings = new LayerSettings(config);
  }

  override computeOutputShape(inputShape: BatchShape | BatchShape[]): BatchShape {
    const settings = this.#settings;
    const shape = onlyShape(inputShape);
    const first = settings.string('dataFormat', 'channelsLast') === 'channelsFirst';
    const [height, width] = first ? shape.slice(2) : shape.slice(1, 3);
    const dilations = settings.pair('dilationRate', [1, 1]);
    const strides = settings.pair('strides', [1, 1]);
    const sizes = settings.pair('kernelSize', [1, 1]).map((size, axis) => {
      const reach = (size - 1) * (dilations[axis] ?? 1) + 1;
      const whole = (axis === 0 ? height : width) ?? null;
      if (whole === null) return null;
      const stride = strides[axis] ?? 1;
      const places = settings.string('padding', 'valid') === 'same' ? whole : whole - reach + 1;
      return Math.ceil(places / stride);
    });
    const channels = fixedSize(shape, first ? 1 : -1, this.name) * settings.number('depthMultiplier', 1);
    return first ? [shape[0] ?? null, channels, ...sizes] : [shape[0] ?? null, ...sizes, channels];
  }

  override call(inputs: Tensor | Tensor[]): Tensor {
    const layer = this as unknown as Convolution;
    return tf.tidy(() =>
      lastly(this.#settings, inputs, (x) =>
        finished(layer, deep(this.#settings, x, layer.depthwiseKernel?.read() as Tensor4D)),
      ),
    );
  }
}

/** Keras's SeparableConv2D, dilated where it is. */
export class SeparableConvolution extends SeparableConv2D {
  static readonly className = 'SeparableConv2D';
  readonly #settings: LayerSettings;

  constructor(config: Readonly<Record<string, unknown>>) {
    super(config as never);
    this.#settings = new LayerSettings(config);
  }

  override call(inputs: Tensor | Tensor[]): Tensor {
    const layer = this as unknown as Convolution;
    return tf.tidy(() =>
      lastly(this.#settings, inputs, (x) => {
        const deepened = deep(this.#settings, x, layer.depthwiseKernel?.read() as Tensor4D);
        return finished(layer, tf.conv2d(deepened, layer.pointwiseKernel?.read() as Tensor4D, 1, 'valid'));
      }),
    );
  }
}

const Conv2DTranspose = tfjsClass('Conv2DTranspose');

/** Size along one axis that a transposed convolution gives, by Keras's rule. */
export function transposedSize(
  size: number,
  {
    window,
    stride,
    dilation,
    same,
    outputPadding,
  }: {
    readonly window: number;
    readonly stride: number;
    readonly dilation: number;
    readonly same: boolean;
    readonly outputPadding: number | undefined;
  },
): number {
  const reach = (window - 1) * dilation + 1;
  if (!same) return (size - 1) * stride + reach + (outputPadding ?? Math.max(reach, stride) - reach);
  return outputPadding === undefined ? size * stride : (size - 1) * stride + (reach % 2) + outputPadding;
}

/** Height and width that a transposed convolution gives. */
export function transposedSizes(settings: LayerSettings, height: number, width: number): [number, number] {
  const [strides, dilations] = [settings.pair('strides', [1, 1]), settings.pair('dilationRate', [1, 1])];
  const windows = settings.pair('kernelSize', [1, 1]);
  const given = settings.numbers('outputPadding');
  const same = settings.string('padding', 'valid') === 'same';
  const along = (size: number, axis: 0 | 1): number =>
    transposedSize(size, {
      window: windows[axis],
      stride: strides[axis],
      dilation: dilations[axis],
      same,
      outputPadding: given?.[axis] ?? given?.[0],
    });
  return [along(height, 0), along(width, 1)];
}

/** Keras's Conv2DTranspose with dilation and output padding. */
export class TransposedConvolution extends Conv2DTranspose {
  static readonly className = 'Conv2DTranspose';
  readonly #settings: LayerSettings;

  constructor(config: Readonly<Record<string, unknown>>) {
    const { outputPadding: _outputPadding, dilationRate: _dilationRate, ...rest } = config;
    super(rest as never);
    this.#settings = new LayerSettings(config);
  }

  override computeOutputShape(inputShape: BatchShape | BatchShape[]): BatchShape {
    const shape = onlyShape(inputShape);
    const first = this.#settings.string('dataFormat', 'channelsLast') === 'channelsFirst';
    const [height, width] = [fixedSize(shape, first ? 2 : 1, this.name), fixedSize(shape, first ? 3 : 2, this.name)];
    const sizes = transposedSizes(this.#settings, height, width);
    const filters = this.#settings.number('filters', 1);
    return first ? [shape[0] ?? null, filters, ...sizes] : [shape[0] ?? null, ...sizes, filters];
  }

  override call(inputs: Tensor | Tensor[]): Tensor {
    const layer = this as unknown as Convolution;
    const settings = this.#settings;
    return tf.tidy(() =>
      lastly(settings, inputs, (x) => {
        const [batch, height, width] = x.shape;
        const filter = dilatedTensor(layer.kernel?.read() as Tensor4D, settings.pair('dilationRate', [1, 1]));
        const strides = [...settings.pair('strides', [1, 1])] as [number, number];
        const shape: [number, number, number, number] = [
          batch,
          ...transposedSizes(settings, height, width),
          settings.number('filters', 1),
        ];
        const padding = settings.string('padding', 'valid') as 'valid' | 'same';
        return finished(layer, tf.conv2dTranspose(x, filter, shape, strides, padding));
      }),
    );
  }

  override getConfig(): SerializedConfig {
    const more = Object.fromEntries(
      ['outputPadding', 'dilationRate'].flatMap((key) => {
        const value = this.#settings.get(key);
        return value === undefined || value === null ? [] : [[key, value]];
      }),
    );
    return { ...super.getConfig(), ...(more as SerializedConfig) };
  }
}
