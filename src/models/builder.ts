import { type LayersModel, type SymbolicTensor, tf } from '../base/tf.js';
import { completeBatchNormalization, DropPath } from '../layers/index.js';
import { type InitializerName, initializerNamed, type LayerInitializer } from './initializers.js';

type Layer = LayersModel['layers'][number];
type Activation = 'relu' | 'relu6' | 'sigmoid' | 'tanh' | 'swish' | 'gelu' | 'linear';
/** 'same' and 'valid' as in TensorFlow; a number pads that many zeros on every side, as PyTorch does. */
export type Padding = 'same' | 'valid' | number;

/** Arguments of a convolution; every kernel, stride and padding is the same for height and width unless an array. */
interface ConvolutionOptions {
  readonly name: string;
  readonly kernel: number | readonly [number, number];
  readonly strides?: number;
  readonly padding?: Padding;
  readonly useBias?: boolean;
  readonly activation?: Activation;
}

/** Arguments of a pooling. */
interface PoolingOptions {
  readonly name: string;
  readonly size: number;
  readonly strides?: number;
  readonly padding?: Padding;
}

/** What all layers of one network share. */
interface BuilderSettings {
  readonly initializer: InitializerName;
  /** Keras: momentum 0.99, epsilon 0.001 (the default); PyTorch: momentum 0.9, epsilon 1e-5. */
  readonly batchNorm?: { readonly momentum: number; readonly epsilon: number };
}

/** PyTorch's batch normalization; its momentum 0.1 is 0.9 as Keras counts it. */
export const torchBatchNorm = { momentum: 0.9, epsilon: 1e-5 } as const;

/**
 * Builds networks as functional `tf.LayersModel`s, quickly: tfjs draws no initial values (they would be unseeded, and
 * slow: `initialWeights` gives them), while each layer's configuration keeps its true initialiser.
 */
export class NetworkBuilder {
  readonly #kernel: LayerInitializer;
  readonly #bias: LayerInitializer;
  readonly #batchNorm: { readonly momentum: number; readonly epsilon: number };

  constructor(settings: BuilderSettings) {
    this.#kernel = initializerNamed(settings.initializer);
    this.#bias = settings.initializer === 'pytorchUniform' ? this.#kernel : tf.initializers.zeros();
    this.#batchNorm = settings.batchNorm ?? { momentum: 0.99, epsilon: 1e-3 };
  }

  /** The input, `[batch, height, width, channels]`. */
  input(shape: { height: number; width: number; channels: number }, name = 'input'): SymbolicTensor {
    return tf.input({ shape: [shape.height, shape.width, shape.channels], name });
  }

  /** Applies any layer. */
  apply(layer: Layer, x: SymbolicTensor | SymbolicTensor[]): SymbolicTensor {
    completeBatchNormalization(layer);
    layer.setFastWeightInitDuringBuild(true);
    const output = layer.apply(x);
    if (output instanceof tf.SymbolicTensor) return output;
    throw new TypeError(`layer ${layer.name} has more than one output`);
  }

  convolution(x: SymbolicTensor, filters: number, options: ConvolutionOptions): SymbolicTensor {
    const { input, padding } = this.#padded(x, options);
    return this.apply(
      tf.layers.conv2d({
        name: options.name,
        filters,
        kernelSize: pair(options.kernel),
        strides: options.strides ?? 1,
        padding,
        useBias: options.useBias ?? true,
        activation: options.activation ?? 'linear',
        kernelInitializer: this.#kernel,
        biasInitializer: this.#bias,
      }),
      input,
    );
  }

  depthwise(x: SymbolicTensor, options: ConvolutionOptions): SymbolicTensor {
    const { input, padding } = this.#padded(x, options);
    return this.apply(
      tf.layers.depthwiseConv2d({
        name: options.name,
        kernelSize: pair(options.kernel),
        strides: options.strides ?? 1,
        padding,
        useBias: options.useBias ?? true,
        activation: options.activation ?? 'linear',
        depthwiseInitializer: this.#kernel,
        biasInitializer: this.#bias,
      }),
      input,
    );
  }

  /** A dense layer; `logits` of a network are a dense layer without activation. */
  dense(
    x: SymbolicTensor,
    units: number,
    options: {
      name: string;
      activation?: Activation;
      useBias?: boolean;
      initializer?: LayerInitializer;
      bias?: LayerInitializer;
    },
  ): SymbolicTensor {
    return this.apply(
      tf.layers.dense({
        name: options.name,
        units,
        useBias: options.useBias ?? true,
        activation: options.activation ?? 'linear',
        kernelInitializer: options.initializer ?? this.#kernel,
        biasInitializer: options.bias ?? this.#bias,
      }),
      x,
    );
  }

  batchNorm(x: SymbolicTensor, name: string, options: { scale?: boolean } = {}): SymbolicTensor {
    return this.apply(tf.layers.batchNormalization({ name, ...this.#batchNorm, scale: options.scale ?? true }), x);
  }

  activation(x: SymbolicTensor, activation: Activation, name: string): SymbolicTensor {
    if (activation === 'relu') return this.apply(tf.layers.reLU({ name }), x);
    if (activation === 'relu6') return this.apply(tf.layers.reLU({ name, maxValue: 6 }), x);
    return this.apply(tf.layers.activation({ activation, name }), x);
  }

  relu(x: SymbolicTensor, name: string): SymbolicTensor {
    return this.activation(x, 'relu', name);
  }

  maxPool(x: SymbolicTensor, options: PoolingOptions): SymbolicTensor {
    const { input, padding } = this.#padded(x, {
      ...options,
      kernel: options.size,
      strides: options.strides ?? options.size,
    });
    return this.apply(tf.layers.maxPooling2d({ ...pooling(options), padding }), input);
  }

  averagePool(x: SymbolicTensor, options: PoolingOptions): SymbolicTensor {
    const { input, padding } = this.#padded(x, {
      ...options,
      kernel: options.size,
      strides: options.strides ?? options.size,
    });
    return this.apply(tf.layers.averagePooling2d({ ...pooling(options), padding }), input);
  }

  globalAveragePool(x: SymbolicTensor, name: string): SymbolicTensor {
    return this.apply(tf.layers.globalAveragePooling2d({ name }), x);
  }

  zeroPad(x: SymbolicTensor, padding: number | [[number, number], [number, number]], name: string): SymbolicTensor {
    return this.apply(
      tf.layers.zeroPadding2d({ padding: typeof padding === 'number' ? [padding, padding] : padding, name }),
      x,
    );
  }

  flatten(x: SymbolicTensor, name = 'flatten'): SymbolicTensor {
    return this.apply(tf.layers.flatten({ name }), x);
  }

  /** Dropout; nothing at rate 0. */
  dropout(x: SymbolicTensor, rate: number, name: string): SymbolicTensor {
    return rate === 0 ? x : this.apply(tf.layers.dropout({ rate, name }), x);
  }

  /** Drops whole samples of a residual branch (stochastic depth, Huang et al. 2016); nothing at rate 0. */
  dropPath(x: SymbolicTensor, rate: number, name: string): SymbolicTensor {
    return rate === 0 ? x : this.apply(new DropPath({ rate, name }), x);
  }

  add(inputs: SymbolicTensor[], name: string): SymbolicTensor {
    return this.apply(tf.layers.add({ name }), inputs);
  }

  concatenate(inputs: SymbolicTensor[], name: string): SymbolicTensor {
    return this.apply(tf.layers.concatenate({ name }), inputs);
  }

  multiply(inputs: SymbolicTensor[], name: string): SymbolicTensor {
    return this.apply(tf.layers.multiply({ name }), inputs);
  }

  model(name: string, inputs: SymbolicTensor, outputs: SymbolicTensor): LayersModel {
    return tf.model({ name, inputs, outputs });
  }

  /** PyTorch's symmetric padding: 'same' where that is the same thing, else a padding layer before. */
  #padded(
    x: SymbolicTensor,
    options: { name: string; kernel: number | readonly [number, number]; strides?: number; padding?: Padding },
  ): { input: SymbolicTensor; padding: 'same' | 'valid' } {
    const padding = options.padding ?? 'same';
    if (typeof padding === 'string') return { input: x, padding };
    if (padding === 0) return { input: x, padding: 'valid' };
    const [height, width] = pair(options.kernel);
    if ((options.strides ?? 1) === 1 && height === width && 2 * padding === height - 1)
      return { input: x, padding: 'same' };
    return { input: this.zeroPad(x, padding, `${options.name}_pad`), padding: 'valid' };
  }
}

function pair(size: number | readonly [number, number]): [number, number] {
  return typeof size === 'number' ? [size, size] : [size[0], size[1]];
}

function pooling(options: PoolingOptions): { name: string; poolSize: number; strides: number } {
  return { name: options.name, poolSize: options.size, strides: options.strides ?? options.size };
}

/** A number of channels scaled by the option `width`, at least 1. */
export function scaled(channels: number, factor: number): number {
  return Math.max(1, Math.round(channels * factor));
}

/** The nearest multiple of 8, at most a tenth below, as the authors' code rounds channels. */
export function divisibleBy8(channels: number): number {
  const rounded = Math.max(8, Math.floor((channels + 4) / 8) * 8);
  return rounded < 0.9 * channels ? rounded + 8 : rounded;
}
