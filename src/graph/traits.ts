import type { LayersModel } from '../base/tf.js';
import { flatLayers, type Layer, layerDefinition, placedLayers } from '../layers/index.js';

/** A layer by name and class. */
interface NamedLayer {
  readonly layer: string;
  readonly className: string;
}

/** Layers that draw random numbers, in model order: the k-th uses the key [seed0, seed1 + k]. */
export function randomLayers(model: Pick<LayersModel, 'layers'>): Layer[] {
  return flatLayers(model).filter((layer) => layerDefinition(layer.getClassName())?.draw !== undefined);
}

/**
 * Layers whose result for a sample depends in training on the shard it is in: on the other samples, by which a batch
 * normalization that is not frozen normalizes, or on its place there, by which random numbers are drawn.
 */
export function shardDependentLayers(model: LayersModel): NamedLayer[] {
  return placedLayers(model)
    .filter(({ layer, frozen, inference }) => {
      const definition = layerDefinition(layer.getClassName());
      if (inference) return false;
      return definition?.draw !== undefined || (definition?.batchStatistics === true && !frozen);
    })
    .map(({ layer }) => named(layer));
}

/** Layers without a lowering. */
export function unsupportedLayers(model: Pick<LayersModel, 'layers'>): NamedLayer[] {
  return flatLayers(model)
    .map(named)
    .filter(({ className }) => className !== 'InputLayer' && layerDefinition(className) === undefined);
}

function named(layer: Layer): NamedLayer {
  return { layer: layer.name, className: layer.getClassName() };
}
