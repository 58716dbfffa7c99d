import { choiceError } from '../base/errors.js';
import type { LayersModel } from '../base/tf.js';
import { isModel } from '../layers/index.js';
import { headLayers } from './head.js';

/** Layers whose weights no training may move: statistics of the data that a weights file brings. */
const neverTrained: ReadonlySet<string> = new Set(['Normalization']);

/**
 * Reads `base`, `none` or `until:LAYER` into what `freezeUntil` takes.
 *
 * @throws ConvoyError `CONVOY_OPTION`.
 */
export function parseFreeze(text: string): string {
  const layer = /^until:(.+)$/.exec(text)?.[1];
  if (layer !== undefined) return layer;
  if (text === 'base' || text === 'none') return text;
  throw choiceError('--freeze', text, { known: ['base', 'none'], also: 'until:LAYER' });
}

/**
 * Freezes a model's layers: `base` all but its head (`headLayers`), `none` none, a layer's name all up to it in the order
 * of `model.layers`, itself included. All others are made trainable. Must be called before `modelParameters` is read:
 * frozen weights are no longer trainable there, and frozen batch normalization keeps its statistics and normalizes by
 * them, as in Keras.
 *
 * @returns names of the frozen layers that have weights.
 * @throws ConvoyError `CONVOY_OPTION` for a layer that the model does not have.
 */
export function freezeUntil(model: LayersModel, until: string): string[] {
  const head = new Set(until === 'base' ? headLayers(model) : []);
  const last = model.layers.findIndex(({ name }) => name === until);
  if (until !== 'base' && until !== 'none' && last < 0) {
    const weighted = model.layers.filter(({ weights }) => weights.length > 0).map(({ name }) => name);
    throw choiceError('--freeze until', until, { known: weighted, what: `layer of ${model.name} with weights` });
  }
  const frozen: string[] = [];
  for (const [index, layer] of model.layers.entries()) {
    const isFrozen = until === 'base' ? !head.has(layer.name) : index <= last;
    setTrainable(layer, !isFrozen);
    if (isFrozen && layer.weights.length > 0) frozen.push(layer.name);
  }
  return frozen;
}

/** Freezes a layer or makes it trainable, with all layers inside it, as Keras does. */
function setTrainable(layer: LayersModel['layers'][number], trainable: boolean): void {
  layer.trainable = trainable && !neverTrained.has(layer.getClassName());
  if (isModel(layer)) for (const inner of layer.layers) setTrainable(inner, trainable);
}
