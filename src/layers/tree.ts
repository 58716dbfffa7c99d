import type { LayersModel } from '../base/tf.js';
import type { Layer } from './scope.js';

/** A layer of a model or of a model inside it. */
interface PlacedLayer {
  readonly layer: Layer;
  /** Names of the models around it and its own, with slashes. */
  readonly path: string;
  /** True when the layer or a model around it is frozen. */
  readonly frozen: boolean;
  /** True when the layer or a model around it is only ever called with `training: false`. */
  readonly inference: boolean;
}

/** Whether a layer is a model. */
export function isModel(layer: Layer): layer is Layer & LayersModel {
  return 'layers' in layer && Array.isArray(layer.layers);
}

/** The layers of a model in model order, those of inner models in the place of the models. */
export function placedLayers(model: Pick<LayersModel, 'layers'> & { readonly trainable?: boolean }): PlacedLayer[] {
  const visit = (layers: readonly Layer[], prefix: string, frozen: boolean, inference: boolean): PlacedLayer[] =>
    layers.flatMap((layer) => {
      const path = `${prefix}${layer.name}`;
      const placed = { frozen: frozen || !layer.trainable, inference: inference || isOnlyInferred(layer) };
      return isModel(layer)
        ? visit(layer.layers, `${path}/`, placed.frozen, placed.inference)
        : [{ layer, path, ...placed }];
    });
  return visit(model.layers, '', model.trainable === false, false);
}

/** The layers of a model, those of inner models in the place of the models. */
export function flatLayers(model: Pick<LayersModel, 'layers'>): Layer[] {
  return placedLayers(model).map(({ layer }) => layer);
}

/** One application of a layer. */
type Application = Layer['inboundNodes'][number];

/** Whether a layer was applied with the argument `training: false`. */
export function isInferred(application: Application): boolean {
  return Reflect.get(application.callArgs ?? {}, 'training') === false;
}

/** Whether every application of a layer is one of inference; what a model was made from is no application of it. */
function isOnlyInferred({ inboundNodes }: Layer): boolean {
  const applications = inboundNodes.filter(({ inboundLayers }) => inboundLayers.length > 0);
  return applications.length > 0 && applications.every(isInferred);
}
