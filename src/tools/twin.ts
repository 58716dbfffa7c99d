/** A layer in the JSON of a model, or the model itself. */
export interface LayerJson {
  class_name: string;
  config: Record<string, unknown> & { layers?: LayerJson[] };
}

/** Activations whose slope jumps. */
const kinkedActivations: ReadonlySet<unknown> = new Set(['relu', 'relu6', 'hardSigmoid', 'hard_sigmoid']);
/** Layers whose slope jumps, and the smooth layer that takes their place. */
const smoothLayers: Readonly<Record<string, { readonly class_name: string; readonly activation?: string }>> = {
  ReLU: { class_name: 'Activation', activation: 'elu' },
  ReLU6: { class_name: 'Activation', activation: 'elu' },
  LeakyReLU: { class_name: 'Activation', activation: 'elu' },
  ThresholdedReLU: { class_name: 'Activation', activation: 'elu' },
  MaxPooling2D: { class_name: 'AveragePooling2D' },
  GlobalMaxPooling2D: { class_name: 'GlobalAveragePooling2D' },
};
/** As in the project's tests: a normalization that divides by at least sqrt(0.3) enlarges rounding little. */
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
    if (layer.class_name === 'BatchNormalization') {
      config['epsilon'] = resolvableEpsilon;
      return true;
    }
    if (!kinkedActivations.has(config['activation'])) return false;
    config['activation'] = 'elu';
    return true;
  });
}

/**
 * A network with its kinks, but with a large epsilon in normalizations: with the weights of `decidedWeights` rounding
 * switches none of the ReLUs behind them.
 *
 * @returns undefined where the network has no normalization.
 */
export function decidedTwin(model: LayerJson): LayerJson | undefined {
  return changed(model, ({ class_name, config }) => {
    if (class_name !== 'BatchNormalization') return false;
    config['epsilon'] = resolvableEpsilon;
    return true;
  });
}

/**
 * Weights by which a normalization gives numbers around 1 in every other channel and around -1 in the rest, with a deviation
 * of at most 3/8; the other weights stay.
 */
export function decidedWeights(name: string, values: Float32Array): Float32Array {
  if (name.endsWith('/gamma')) return values.map((_, channel) => 0.25 * (1 + 0.5 * Math.sin(1.3 * channel)));
  if (name.endsWith('/beta')) return values.map((_, channel) => (channel % 2 === 0 ? 1 : -1));
  return values;
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

function changed(model: LayerJson, change: (layer: LayerJson) => boolean): LayerJson | undefined {
  const twin = structuredClone(model);
  const walk = (layer: LayerJson): boolean => {
    const inner = layer.config.layers;
    return inner === undefined ? change(layer) : inner.map(walk).includes(true);
  };
  return walk(twin) ? twin : undefined;
}
