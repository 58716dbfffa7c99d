import type { LayersModel, Tensor } from '../base/tf.js';
import { tf } from '../base/tf.js';
import { applyMask, type KeyedRandom } from './keyed-random.js';

type Layer = LayersModel['layers'][number];
type Kwargs = Parameters<Layer['call']>[1];

/** Constants of self-normalizing networks (Klambauer et al. 2017), as tf.layers.alphaDropout has them. */
const seluAlpha = 1.6732632423543772;
const seluScale = 1.0507009873554805;

/**
 * The layers that draw random numbers while training, in the order of `model.layers` (inner models entered): the
 * position in this list is the layer's part of the key.
 */
export function randomLayers(model: { readonly layers: readonly Layer[] }): Layer[] {
  const found: Layer[] = [];
  for (const layer of model.layers) {
    const inner = (layer as unknown as { layers?: Layer[] }).layers;
    if (Array.isArray(inner)) found.push(...randomLayers({ layers: inner }));
    else if (layer.getClassName() in calls || 'keyedCall' in layer) found.push(layer);
  }
  return found;
}

/** A layer of our own that draws randomness takes it from outside. */
export interface KeyedLayer {
  keyedCall(input: Tensor, random: KeyedRandom, layerIndex: number): Tensor;
}

/** What each random layer does in training, on keyed randomness. */
const calls: Readonly<
  Record<string, (config: Record<string, unknown>, input: Tensor, random: KeyedRandom, index: number) => Tensor>
> = {
  Dropout(config, input, random, index) {
    const rate = config['rate'] as number;
    if (rate === 0) return input;
    const noise = config['noiseShape'] as (number | null)[] | null | undefined;
    const shape = noise ? input.shape.map((size, axis) => noise[axis] ?? size) : input.shape;
    return applyMask(input, random.keepMask(shape, rate, index), rate);
  },
  SpatialDropout1D(config, input, random, index) {
    const rate = config['rate'] as number;
    if (rate === 0) return input;
    const [batch, , channels] = input.shape as [number, number, number];
    return applyMask(input, random.keepMask([batch, 1, channels], rate, index), rate);
  },
  GaussianNoise(config, input, random, index) {
    return tf.add(input, tf.mul(random.normal(input.shape, index), config['stddev'] as number));
  },
  GaussianDropout(config, input, random, index) {
    const rate = config['rate'] as number;
    if (rate <= 0 || rate >= 1) return input;
    const deviation = Math.sqrt(rate / (1 - rate));
    return tf.mul(input, tf.add(tf.mul(random.normal(input.shape, index), deviation), 1));
  },
  AlphaDropout(config, input, random, index) {
    const rate = config['rate'] as number;
    if (rate <= 0 || rate >= 1) return input;
    const dropped = -seluAlpha * seluScale;
    const mask = random.keepMask(input.shape, rate, index);
    const a = ((1 - rate) * (1 + rate * dropped ** 2)) ** -0.5;
    const b = -a * dropped * rate;
    const mixed = tf.add(tf.mul(input, mask), tf.mul(tf.sub(1, mask), dropped));
    return tf.add(tf.mul(mixed, a), b);
  },
};

/**
 * Makes a model's random layers draw from `random`, and frozen batch normalization stay in inference mode (Keras's
 * rule since 2.0; tfjs does not have it). Changes the given instance only.
 */
export function useKeyedRandomness(model: LayersModel, random: KeyedRandom): void {
  for (const [index, layer] of randomLayers(model).entries()) {
    const plain = layer.call.bind(layer);
    const call = calls[layer.getClassName()];
    const config = layer.getConfig() as Record<string, unknown>;
    layer.call = (inputs, kwargs: Kwargs) => {
      if (kwargs?.['training'] !== true) return plain(inputs, kwargs);
      const input = Array.isArray(inputs) ? (inputs[0] as Tensor) : inputs;
      return tf.tidy(() =>
        call ? call(config, input, random, index) : (layer as unknown as KeyedLayer).keyedCall(input, random, index),
      );
    };
  }
  freezeNormalization(model.layers, model.trainable === false);
}

function freezeNormalization(layers: readonly Layer[], frozen: boolean): void {
  for (const layer of layers) {
    const off = frozen || !layer.trainable;
    const inner = (layer as unknown as { layers?: Layer[] }).layers;
    if (Array.isArray(inner)) freezeNormalization(inner, off);
    else if (off && layer.getClassName() === 'BatchNormalization') {
      const plain = layer.call.bind(layer);
      layer.call = (inputs, kwargs: Kwargs) => plain(inputs, { ...kwargs, training: false });
    }
  }
}
