import { type LayersModel, type Tensor, tf } from '../base/tf.js';
import { randomLayers } from '../graph/index.js';
import { type Layer, LayerSettings, layerDefinition, placedLayers } from '../layers/index.js';
import type { KeyedRandom } from './keyed-random.js';

type Kwargs = Parameters<Layer['call']>[1];

/**
 * Makes a model's random layers draw from `random`, and layers that training must not change stay in inference mode: frozen
 * batch normalization (Keras's rule since 2.0; tfjs does not have it) and all that is called with `training: false`.
 * Changes the given instance only. A layer's place among the random ones is its part of the key.
 */
export function useKeyedRandomness(model: LayersModel, random: KeyedRandom): void {
  for (const [place, layer] of randomLayers(model).entries()) {
    const plain = layer.call.bind(layer);
    const draw = layerDefinition(layer.getClassName())?.draw;
    const settings = new LayerSettings(layer.getConfig());
    layer.call = (inputs, kwargs: Kwargs) => {
      if (kwargs?.['training'] !== true || draw === undefined) return plain(inputs, kwargs);
      const x = Array.isArray(inputs) ? (inputs[0] as Tensor) : inputs;
      return tf.tidy(() => draw(settings, x, random, place, { layer, inputs }));
    };
  }
  for (const { layer, frozen, inference } of placedLayers(model)) {
    const definition = layerDefinition(layer.getClassName());
    const changes = definition?.draw !== undefined || definition?.batchStatistics === true;
    if (!changes || !(inference || (frozen && definition?.batchStatistics === true))) continue;
    const plain = layer.call.bind(layer);
    layer.call = (inputs, kwargs: Kwargs) => plain(inputs, { ...kwargs, training: false });
  }
}
