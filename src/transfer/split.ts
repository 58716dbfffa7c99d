import { type LayersModel, tf } from '../tf.js';
import { headLayers } from './head.js';

/** A model in two that share its layers: the head's input is the base's output. */
export interface SplitModel {
  readonly features: LayersModel;
  readonly head: LayersModel;
}

/**
 * Cuts a model before its head (`headLayers`), so that the features of a frozen base are computed once and the head alone
 * is trained on them. That is the same training only where the base is wholly frozen and its pixels do not change from
 * epoch to epoch. Layers, and so weights, are shared with `model`; `features` runs in inference mode, dropout off.
 *
 * @throws ConvoyError `CONVOY_MODEL` for a model without a layer that could be its head.
 */
export function splitHead(model: LayersModel): SplitModel {
  const layers = headLayers(model).map((name) => model.getLayer(name));
  const boundary = layers[0]?.inboundNodes[0]?.inputTensors[0];
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
