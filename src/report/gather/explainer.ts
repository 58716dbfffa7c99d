import { type LayersModel, type Tensor, tf } from '../../base/tf.js';
import { classesOf } from '../../contracts/index.js';
import { drawByClass } from '../../data/index.js';
import { activations } from '../../explain/index.js';
import { isModel } from '../../layers/index.js';
import type { Runtime } from '../../runtime/index.js';
import { networkInput, picturesOf, testPixels } from '../../tools/index.js';
import type { ExplainerReport, ExplainerStep } from '../types.js';
import { inputsOf } from './network.js';
import type { Outputs } from './outputs.js';
import { packFloats, pictureUri } from './sheet.js';

type Layer = LayersModel['layers'][number];

/** Numbers that the page has room for: all outputs together, and each kernel. */
const most = { values: 450_000, kernel: 60_000, steps: 400 } as const;

/**
 * One image on its way through the network: each layer's output, and the weights that an output pixel is computed from.
 *
 * @returns undefined for a network that has models within it, or very many layers.
 */
export async function explainerReport(runtime: Runtime, outputs: Outputs): Promise<ExplainerReport | undefined> {
  const { model, spec, config } = runtime;
  const { dataset } = outputs;
  if (model.layers.some(isModel) || model.layers.length > most.steps) return undefined;
  const samples = drawByClass(dataset, 1, config.seed);
  const pixels = await testPixels(runtime, samples);
  const [picture] = picturesOf(pixels, dataset, () => '');
  if (picture === undefined) return undefined;
  const input = tf.tidy(() => networkInput(spec, pixels));
  try {
    const logits = !['probabilities', 'sigmoid'].includes(endOf(model)) && spec.targets === 'classes';
    return {
      uri: await pictureUri(picture, 224),
      truth: classesOf(dataset, samples[0] ?? 0),
      steps: await stepsOf(model, input, logits && dataset.classes.length === runtime.layout.outputLength),
    };
  } finally {
    input.dispose();
  }
}

function endOf(model: LayersModel): string {
  const last = model.outputs[0]?.sourceLayer;
  const activation: unknown = last?.getConfig()['activation'];
  if (activation === 'softmax' || last?.getClassName() === 'Softmax') return 'probabilities';
  return activation === 'sigmoid' ? 'sigmoid' : 'logits';
}

/**
 * The steps of one image.
 *
 * @param input [1, height, width, channels].
 * @param logits whether a softmax, which the loss has and not the network, is added as the last step.
 */
export async function stepsOf(model: LayersModel, input: Tensor, logits: boolean): Promise<ExplainerStep[]> {
  const places = new Map(model.layers.map((layer, index) => [layer, index]));
  const kept = keptLayers(model);
  const steps: ExplainerStep[] = [];
  for (const [index, layer] of model.layers.entries()) {
    const [own] = kept.has(index) ? await activations(model, input, [layer.name]) : [];
    steps.push({
      name: layer.name,
      type: layer.getClassName(),
      inputs: inputsOf(layer).flatMap((from) => places.get(from) ?? []),
      shape: shapeOf(layer),
      ...describe(layer),
      ...(own === undefined ? {} : { values: packFloats(own.values, own.shape.slice(1)) }),
    });
  }
  if (logits) {
    const last = places.get(model.outputs[0]?.sourceLayer as Layer) ?? steps.length - 1;
    const shares = tf.tidy(() => tf.softmax((model.predict(input) as Tensor).reshape([-1])));
    const values = Float32Array.from(await shares.data());
    shares.dispose();
    steps.push({
      name: 'softmax',
      type: 'Softmax',
      kind: 'softmax',
      inputs: [last],
      shape: [values.length],
      values: packFloats(values, [values.length]),
    });
  }
  return steps;
}

function shapeOf(layer: Layer): number[] {
  return (layer.outputShape as (number | null)[]).slice(1).map((size) => size ?? 0);
}

/** Layers whose outputs fit into the page: from the image on up to half of the room, and from the end back. */
function keptLayers(model: LayersModel): Set<number> {
  const sizes = model.layers.map((layer) => shapeOf(layer).reduce((product, size) => product * size, 1));
  const kept = new Set<number>();
  const take = (order: readonly number[], room: number): void => {
    let used = 0;
    for (const index of order) {
      used += sizes[index] ?? 0;
      if (used > room) return;
      kept.add(index);
    }
  };
  const order = [...sizes.keys()];
  const total = sizes.reduce((sum, size) => sum + size, 0);
  if (total <= most.values) return new Set(order);
  take(order, most.values / 2);
  take(order.toReversed(), most.values / 2);
  return kept;
}

type Described = Omit<ExplainerStep, 'name' | 'type' | 'inputs' | 'shape' | 'values'>;

/** What a layer computes, and with which weights. */
function describe(layer: Layer): Described {
  const config = layer.getConfig();
  const activation = typeof config['activation'] === 'string' ? { activation: config['activation'] } : {};
  const lists = config['dataFormat'] === 'channelsFirst' ? { kind: 'other' as const } : undefined;
  switch (layer.getClassName()) {
    case 'InputLayer':
      return { kind: 'input' };
    case 'Conv2D':
      return lists ?? { kind: 'convolution', ...windowOf(config, 'kernelSize'), ...weightsOf(layer, 3), ...activation };
    case 'DepthwiseConv2D':
      return config['depthMultiplier'] === 1 && lists === undefined
        ? { kind: 'depthwise', ...windowOf(config, 'kernelSize'), ...weightsOf(layer, 2), ...activation }
        : { kind: 'other' };
    case 'MaxPooling2D':
      return lists ?? { kind: 'max-pooling', ...windowOf(config, 'poolSize') };
    case 'AveragePooling2D':
      return lists ?? { kind: 'average-pooling', ...windowOf(config, 'poolSize') };
    case 'GlobalAveragePooling2D':
      return lists ?? { kind: 'global-pooling' };
    case 'BatchNormalization':
      return normalizationOf(layer);
    case 'ReLU':
      return { kind: 'activation', activation: config['maxValue'] == null ? 'relu' : 'relu6' };
    case 'Activation':
      return activation.activation === 'softmax' ? { kind: 'softmax' } : { kind: 'activation', ...activation };
    case 'Softmax':
      return { kind: 'softmax' };
    case 'Flatten':
      return { kind: 'flatten' };
    case 'Dense':
      return layer.outputShape.length === 2
        ? { kind: 'dense', ...weightsOf(layer, 1), ...activation }
        : { kind: 'other' };
    case 'Add':
      return { kind: 'sum' };
    case 'Dropout':
    case 'Identity':
    case 'SpatialDropout2D':
      return { kind: 'same' };
    default:
      return { kind: 'other' };
  }
}

function pair(value: unknown, otherwise: readonly [number, number]): readonly [number, number] {
  if (typeof value === 'number') return [value, value];
  return Array.isArray(value) ? [Number(value[0]), Number(value[1] ?? value[0])] : otherwise;
}

function windowOf(config: Readonly<Record<string, unknown>>, sizeKey: string): Pick<Described, 'window'> {
  const size = pair(config[sizeKey], [1, 1]);
  return {
    window: {
      size,
      strides: pair(config['strides'], sizeKey === 'poolSize' ? size : [1, 1]),
      padding: config['padding'] === 'same' ? 'same' : 'valid',
      dilation: pair(config['dilationRate'], [1, 1]),
    },
  };
}

/** @param axis of the output channels in the kernel; as many of them as the page has room for. */
function weightsOf(layer: Layer, axis: number): Pick<Described, 'kernel' | 'bias' | 'shown'> {
  const [kernel, bias] = layer.getWeights();
  if (kernel === undefined) return {};
  const shape = kernel.shape;
  const values = kernel.dataSync() as Float32Array;
  const channels = shape[axis] ?? 1;
  const inner = shape.slice(axis + 1).reduce((product, size) => product * size, 1);
  const before = values.length / (channels * inner);
  const shown = Math.max(1, Math.min(channels, Math.floor(most.kernel / Math.max(1, before * inner))));
  const part = new Float32Array(before * shown * inner);
  for (let row = 0; row < before; row++) {
    part.set(values.subarray(row * channels * inner, (row * channels + shown) * inner), row * shown * inner);
  }
  const sizes = shape.slice(0, axis + 1).map((size, at) => (at === axis ? shown : size));
  return {
    kernel: packFloats(part, sizes),
    shown,
    ...(bias === undefined ? {} : { bias: [...bias.dataSync()].slice(0, shown) }),
  };
}

/** Batch normalization in inference mode, as one factor and one summand for each channel. */
function normalizationOf(layer: Layer): Described {
  const config = layer.getConfig();
  const { epsilon, axis } = config as { epsilon?: number; axis?: number };
  const rank = layer.outputShape.length;
  if (axis !== -1 && axis !== rank - 1) return { kind: 'other' };
  const values = layer.getWeights().map((weight) => [...weight.dataSync()]);
  const gamma = config['scale'] === false ? undefined : values.shift();
  const beta = config['center'] === false ? undefined : values.shift();
  const [mean = [], variance = []] = values;
  const scale = variance.map((value, channel) => (gamma?.[channel] ?? 1) / Math.sqrt(value + (epsilon ?? 1e-3)));
  const offset = scale.map((factor, channel) => (beta?.[channel] ?? 0) - (mean[channel] ?? 0) * factor);
  return { kind: 'normalization', scale, offset };
}
