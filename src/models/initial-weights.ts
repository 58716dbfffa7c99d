import { ConvoyError } from '../base/errors.js';
import { RandomStream } from '../base/random.js';
import { type LayersModel, tf } from '../base/tf.js';
import { identityAndNegative, type Layer, placedLayers } from '../layers/index.js';
import { fans, fillConstant, fillNormal, fillOrthogonal, fillTruncatedNormal, fillUniform } from './fill.js';
import { modelParameters } from './parameters.js';

/** An initialiser as layers keep it in their configuration. */
interface InitializerConfig {
  readonly className: string;
  readonly config: Readonly<Record<string, unknown>>;
}

/**
 * Initial values of all weights, in the order of `modelParameters`: a pure function of the seed, the parameter's index,
 * its shape and its layer's initialiser. Distributions are those of Keras (a "normal" of variance scaling is truncated
 * at two standard deviations and has the stated variance after the cut, which tfjs leaves out) and, for
 * `PyTorchUniform`, of PyTorch.
 *
 * @throws ConvoyError `CONVOY_MODEL` for an initialiser it does not know.
 */
export function initialWeights(model: LayersModel, seed: number): Float32Array<ArrayBuffer>[] {
  const parameters = modelParameters(model);
  const layers = layersByPath(model);
  const kernels = new Map<string, readonly number[]>();
  for (const { spec } of parameters) if (spec.name.endsWith('kernel')) kernels.set(spec.layer, spec.shape);
  return parameters.map(({ spec }, index) => {
    const values = new Float32Array(spec.shape.reduce((product, size) => product * size, 1));
    const weight = spec.name.slice(spec.layer.length + 1);
    const initializer = initializerOf(layers.get(spec.layer), weight);
    fill(values, initializer, {
      shape: spec.shape,
      kernel: kernels.get(spec.layer) ?? spec.shape,
      depthwise: weight.startsWith('depthwise'),
      stream: new RandomStream(seed, 'initialize', index),
      name: spec.name,
    });
    return values;
  });
}

/**
 * Writes values, one array a parameter in the order of `modelParameters`, into the model's variables. The arrays may be
 * changed afterwards; the model has copies.
 */
export function setWeights(model: LayersModel, weights: readonly Float32Array[]): void {
  tf.tidy(() => {
    modelParameters(model).forEach(({ variable, spec }, index) => {
      const values = weights[index];
      if (values === undefined) throw new RangeError(`no values for ${spec.name}`);
      variable.write(tf.tensor(Float32Array.from(values), [...spec.shape], 'float32'));
    });
  });
}

/** A model's layers by their path, as `ParameterSpec.layer` names them; layers inside inner models included. */
export function layersByPath(model: LayersModel): Map<string, Layer> {
  return new Map(placedLayers(model).map(({ path, layer }) => [path, layer]));
}

/** Constants of weights whose layers keep no initialiser for them. */
const fallbacks: Readonly<Record<string, string>> = { bias: 'Zeros', beta: 'Zeros', gamma: 'Ones' };

function initializerOf(layer: Layer | undefined, weight: string): InitializerConfig {
  const config: Record<string, unknown> = layer?.getConfig() ?? {};
  const camel = weight.replace(/_\d+$/, '').replace(/_([a-z])/g, (_, letter: string) => letter.toUpperCase());
  // `depthwise_kernel` is initialised by `depthwiseInitializer`, `kernel` by `kernelInitializer`.
  const found = config[`${camel}Initializer`] ?? config[`${camel.replace(/Kernel$/, '')}Initializer`];
  if (isInitializer(found)) return found;
  const className = fallbacks[camel];
  if (className !== undefined) return { className, config: {} };
  throw new ConvoyError(
    'CONVOY_MODEL',
    `Expected an initialiser for ${layer?.name ?? '?'}/${weight} but the layer has none`,
  );
}

function isInitializer(value: unknown): value is InitializerConfig {
  return typeof value === 'object' && value !== null && 'className' in value && 'config' in value;
}

interface Place {
  readonly shape: readonly number[];
  /** Shape of the kernel of the same layer, for PyTorch's bias bound. */
  readonly kernel: readonly number[];
  readonly depthwise: boolean;
  readonly stream: RandomStream;
  readonly name: string;
}

function fill(values: Float32Array, { className, config }: InitializerConfig, place: Place): void {
  const { stream } = place;
  const number = (key: string, otherwise: number): number => {
    const value = config[key];
    return typeof value === 'number' ? value : otherwise;
  };
  switch (className) {
    case 'Zeros':
      return fillConstant(values, 0);
    case 'Ones':
      return fillConstant(values, 1);
    case 'Constant':
      return fillConstant(values, number('value', 0));
    case 'RandomUniform': // defaults of Keras
      return fillUniform(values, stream, number('minval', -0.05), number('maxval', 0.05));
    case 'RandomNormal':
      return fillNormal(values, stream, number('mean', 0), number('stddev', 0.05));
    case 'TruncatedNormal':
      return fillTruncatedNormal(values, stream, number('mean', 0), number('stddev', 0.05));
    case 'VarianceScaling':
      return fillVarianceScaling(values, config, number('scale', 1), place);
    case 'Orthogonal':
      return fillOrthogonal(values, stream, place.shape, number('gain', 1));
    case 'Identity':
      for (let i = 0; i < (place.shape[0] ?? 0); i++) values[i * ((place.shape[1] ?? 0) + 1)] = number('gain', 1);
      return;
    case 'Whitening':
      return values.set(identityAndNegative(place.shape));
    case 'PyTorchUniform': {
      // A depthwise kernel is [height, width, channels, 1] here; PyTorch counts one input channel a group.
      const fanIn = place.depthwise ? (place.kernel[0] ?? 1) * (place.kernel[1] ?? 1) : fans(place.kernel).fanIn;
      const bound = 1 / Math.sqrt(fanIn);
      return fillUniform(values, stream, -bound, bound);
    }
    default:
      throw new ConvoyError('CONVOY_MODEL', `Expected a known initialiser for ${place.name} but found ${className}`);
  }
}

function fillVarianceScaling(
  values: Float32Array,
  config: Readonly<Record<string, unknown>>,
  scale: number,
  { shape, stream }: Place,
): void {
  const { fanIn, fanOut } = fans(shape);
  const mode = config['mode'];
  const fan = mode === 'fanOut' ? fanOut : mode === 'fanAvg' ? (fanIn + fanOut) / 2 : fanIn;
  const variance = scale / Math.max(1, fan);
  if (config['distribution'] === 'uniform') {
    const limit = Math.sqrt(3 * variance);
    fillUniform(values, stream, -limit, limit);
  } else {
    // Standard deviation of a standard normal cut at ±2, as in Keras's VarianceScaling.
    fillTruncatedNormal(values, stream, 0, Math.sqrt(variance) / 0.87962566103423978);
  }
}
