import { type LayersModel, type SymbolicTensor, tf } from '../base/tf.js';
import { randomLayers } from '../graph/index.js';
import { flatLayers, type Layer } from '../layers/index.js';
import { loadArchitecture, modelParameters } from '../models/index.js';
import { headLayers } from './head.js';

/** A model in two that share its layers: the head's input is the base's output. */
export interface SplitModel {
  readonly features: LayersModel;
  readonly head: LayersModel;
}

/**
 * Cuts a model before its head (`headLayers`). Layers, and so weights, are shared with `model`; `features` runs in inference
 * mode, dropout off.
 *
 * @throws ConvoyError `CONVOY_MODEL` for a model without a layer that could be its head.
 */
export function splitHead(model: LayersModel): SplitModel {
  return splitBefore(
    model,
    headLayers(model).map((name) => model.getLayer(name)),
  );
}

/** A model whose base is frozen, cut so that the base's features are the same in every epoch; or why that cannot be. */
type FrozenSplit = { readonly parts: SplitModel; readonly model: LayersModel } | { readonly why: string };

/**
 * Cuts a model whose base is frozen whole, so that the features of its images are computed once and the head alone is
 * trained on them, with the same result: nothing of the base is trained, renewed, drawn at random or part of the loss.
 * Dropout right before the head goes to the head.
 *
 * @returns the parts, of a copy of the model with unspecified weights, and that copy; why not, where the base is frozen but
 *   a layer of it stands against it; undefined where it is not.
 */
export function splitFrozen(model: LayersModel): FrozenSplit | undefined {
  // Of a model where everything trains, nothing is copied.
  if (modelParameters(model).every(({ spec }) => spec.trainable || spec.updatedByForward)) return undefined;
  const copy = loadArchitecture(model.toJSON(undefined, false), model.name);
  const random = new Set<Layer>(randomLayers(copy));
  const layers = headLayers(copy).map((name) => copy.getLayer(name));
  for (
    let before = inputOf(layers[0])?.sourceLayer;
    before !== undefined && random.has(before);
    before = inputOf(before)?.sourceLayer
  ) {
    layers.unshift(before);
  }
  const parts = splitBefore(copy, layers);
  const kept = modelParameters(parts.features);
  if (kept.length === 0 || kept.some(({ spec }) => spec.trainable || spec.updatedByForward)) return undefined;
  const [drawing] = randomLayers(parts.features);
  if (drawing !== undefined) return { why: `${drawing.name} (${drawing.getClassName()}) draws anew at every step` };
  const penalized = flatLayers(parts.features).find((layer) => layer.getConfig()['activityRegularizer'] != null);
  if (penalized !== undefined) return { why: `the activity of ${penalized.name} is part of the loss` };
  return { parts, model: copy };
}

function splitBefore(model: LayersModel, layers: readonly Layer[]): SplitModel {
  const boundary = inputOf(layers[0]);
  if (boundary === undefined) throw new TypeError(`no head in ${model.name}`);
  const input = tf.input({ shape: boundary.shape.slice(1), name: 'features' });
  let x = input;
  for (const layer of layers) {
    const output = layer.apply(x);
    if (!(output instanceof tf.SymbolicTensor)) throw new TypeError(`layer ${layer.name} has more than one output`);
    x = output;
  }
  return {
    features: tf.model({ name: `${model.name}_features`, inputs: model.inputs, outputs: boundary }),
    head: tf.model({ name: `${model.name}_head`, inputs: input, outputs: x }),
  };
}

function inputOf(layer: Layer | undefined): SymbolicTensor | undefined {
  return layer?.inboundNodes[0]?.inputTensors[0];
}
