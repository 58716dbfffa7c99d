import { RandomStream } from '../base/random.js';

/** A layer in the JSON of a model, or the model itself. */
export interface LayerJson {
  class_name: string;
  config: Record<string, unknown> & { layers?: LayerJson[] };
  /** Which layers it is called on. */
  inbound_nodes?: unknown;
}

/** Activations whose slope jumps. */
const kinkedActivations: ReadonlySet<unknown> = new Set([
  ...['relu', 'relu6', 'leaky_relu', 'selu'],
  ...['hardSigmoid', 'hard_sigmoid', 'hard_sigmoid6', 'hard_silu', 'hard_tanh'],
]);
/** Layers whose slope jumps, and the smooth layer that takes their place. */
const smoothLayers: Readonly<Record<string, { readonly class_name: string; readonly activation?: string }>> = {
  ReLU: { class_name: 'Activation', activation: 'elu' },
  ReLU6: { class_name: 'Activation', activation: 'elu' },
  LeakyReLU: { class_name: 'Activation', activation: 'elu' },
  ThresholdedReLU: { class_name: 'Activation', activation: 'elu' },
  MaxPooling2D: { class_name: 'AveragePooling2D' },
  GlobalMaxPooling2D: { class_name: 'GlobalAveragePooling2D' },
};
/** Layers of a kink at zero. */
const rectifiers: ReadonlySet<string> = new Set(['ReLU', 'ReLU6', 'LeakyReLU', 'ThresholdedReLU', 'PReLU']);
/** Layers that give numbers of the sign that they take. */
const signKeeping: ReadonlySet<string> = new Set([
  'MaxPooling2D',
  'GlobalMaxPooling2D',
  'Dropout',
  'Flatten',
  'Reshape',
]);
/** A normalization that divides by at least sqrt(0.3) enlarges rounding little. */
const resolvableEpsilon = 0.3;
/** Options by which layers draw random numbers. */
const randomOptions = ['rate', 'stddev'];

/**
 * A network whose gradient float32 can resolve: ELU in the place of ReLU, average pooling in the place of maximum pooling,
 * normalizations with a large epsilon. Its parameters have the same names and shapes.
 *
 * @returns undefined where the network has no kinks and no normalization.
 */
export function smoothTwin(model: LayerJson): LayerJson | undefined {
  return changed(model, (layer) => {
    const { config } = layer;
    const smooth = smoothLayers[layer.class_name];
    if (smooth !== undefined) {
      layer.class_name = smooth.class_name;
      if (smooth.activation !== undefined)
        layer.config = { name: config['name'], trainable: true, activation: smooth.activation };
      return true;
    }
    if (resolved(layer)) return true;
    if (!kinkedActivations.has(config['activation'])) return false;
    config['activation'] = 'elu';
    return true;
  });
}

/**
 * Weights by which every part of a smooth twin matters, the same for the same names and shapes: of their initial ones some
 * make a part idle, as a gamma of zero its branch, or small kernels an attention, whose shares are then equal.
 */
export function livelyWeights(name: string, shape: readonly number[], values: Float32Array): Float32Array {
  const [, weight] = parted(name);
  if (unmoved.has(weight)) return values;
  const random = new RandomStream(0, 'initialize', ...Buffer.from(name));
  const around = (center: number, width: number): Float32Array =>
    values.map(() => center + width * (random.uniform() - 0.5));
  if (weight.endsWith('kernel')) return around(0, Math.sqrt(24 / fanIn(weight, shape))); // a variance of 2 / fanIn
  return around(weight === 'gamma' ? 0.8 : 0, 0.4);
}

/** Weights that are statistics of images or batches. */
const unmoved: ReadonlySet<string> = new Set(['moving_mean', 'moving_variance', 'mean', 'variance', 'count']);

/** A parameter's layer and weight. */
function parted(name: string): [string, string] {
  const at = name.lastIndexOf('/');
  return [name.slice(0, at), name.slice(at + 1)];
}

/** How many products each sum has. */
function fanIn(weight: string, shape: readonly number[]): number {
  const inputs = weight === 'depthwise_kernel' ? shape.slice(0, 2) : shape.slice(0, -1);
  return inputs.reduce((product, size) => product * size, 1);
}

/** The network of `decidedTwin`, and what becomes of weights for it. */
export interface DecidedTwin {
  readonly network: LayerJson;
  /** A parameter's values, in row order, from those of the network; `name` is `LAYER/WEIGHT`. */
  weights(name: string, shape: readonly number[], values: Float32Array): Float32Array;
}

/**
 * The network with its kinks, and weights by which its ReLUs are far from them, so that rounding switches hardly any: what
 * comes before a ReLU is around 1 in every other channel and around -1 in the rest, with a deviation of at most 3/8. Gamma and
 * beta see to it behind a normalization (whose epsilon is large), kernel and bias elsewhere; the other weights stay.
 *
 * @returns undefined where the network has neither a normalization nor a kink behind a bias.
 */
export function decidedTwin(model: LayerJson): DecidedTwin | undefined {
  const deciding = biasesBeforeKinks(model);
  const network = changed(model, resolved) ?? (deciding.size === 0 ? undefined : structuredClone(model));
  return network && { network, weights: (...parameter) => decidedWeights(deciding, ...parameter) };
}

function decidedWeights(
  deciding: ReadonlySet<unknown>,
  name: string,
  shape: readonly number[],
  values: Float32Array,
): Float32Array {
  const [layer, weight] = parted(name);
  const signs = (): Float32Array => values.map((_, channel) => (channel % 2 === 0 ? 1 : -1));
  if (weight === 'gamma') return values.map((_, channel) => 0.25 * (1 + 0.5 * Math.sin(1.3 * channel)));
  if (weight === 'beta') return signs();
  if (!deciding.has(layer)) return values;
  if (weight === 'bias') return signs();
  // Of inputs around 1 sums of products deviate by a quarter.
  const squares = values.reduce((sum, value) => sum + value * value, 0) / values.length;
  const size = Math.sqrt(squares * fanIn(weight, shape));
  return size === 0 ? values : values.map((value) => (value * 0.25) / size);
}

/** Names of layers whose bias is all that moves a ReLU's input. */
function biasesBeforeKinks({ config: { layers = [] } }: LayerJson): Set<unknown> {
  const found = new Set<unknown>();
  const named = new Map(layers.map((layer) => [layer.config['name'], layer]));
  const before = (layer: LayerJson): LayerJson[] => {
    if (layer.inbound_nodes === undefined) return layers.slice(0, layers.indexOf(layer)).slice(-1);
    const names = JSON.stringify(layer.inbound_nodes).match(/(?<=\[")[^"]+/g) ?? [];
    return names.flatMap((name) => named.get(name) ?? []);
  };
  const decide = (layer: LayerJson): void => {
    if (layer.config['use_bias'] === true) found.add(layer.config['name']);
    else if (signKeeping.has(layer.class_name)) before(layer).forEach(decide);
  };
  for (const layer of layers) {
    const kinked = kinkedActivations.has(layer.config['activation']);
    if (layer.config.layers !== undefined) for (const name of biasesBeforeKinks(layer)) found.add(name);
    else if (rectifiers.has(layer.class_name) || (kinked && layer.class_name === 'Activation'))
      before(layer).forEach(decide);
    else if (kinked) decide(layer);
  }
  return found;
}

/**
 * A network in which no sample depends on the others of its shard: dropout and noise off, batch normalization by its moving
 * statistics. Its parameters have the same names and shapes.
 *
 * @returns undefined where the network is one already.
 */
export function samplewiseTwin(model: LayerJson): LayerJson | undefined {
  return changed(model, ({ class_name, config }) => {
    if (class_name === 'BatchNormalization') {
      if (config['trainable'] === false) return false;
      config['trainable'] = false;
      return true;
    }
    const drawn = randomOptions.filter((option) => typeof config[option] === 'number' && config[option] !== 0);
    for (const option of drawn) config[option] = 0;
    return drawn.length > 0;
  });
}

/** Gives a normalization a large epsilon; whether the layer is one. */
function resolved({ class_name, config }: LayerJson): boolean {
  if (class_name !== 'BatchNormalization') return false;
  config['epsilon'] = resolvableEpsilon;
  return true;
}

function changed(model: LayerJson, change: (layer: LayerJson) => boolean): LayerJson | undefined {
  const twin = structuredClone(model);
  const walk = (layer: LayerJson): boolean => {
    const inner = layer.config.layers;
    return inner === undefined ? change(layer) : inner.map(walk).includes(true);
  };
  return walk(twin) ? twin : undefined;
}
