import { choiceError, valueError } from '../base/errors.js';
import { type LayersModel, type Tensor, tf } from '../base/tf.js';

/**
 * What an inner layer gives for a batch, in inference mode; the caller owns the result. The layer before the last gives
 * the features that PCA and t-SNE are drawn from, a convolution the maps of `activationGrid`.
 *
 * @param input the model's input, preprocessed.
 * @throws ConvoyError `CONVOY_OPTION` when the model has no such layer.
 */
export function layerOutputs(model: LayersModel, layerName: string, input: Tensor): Tensor {
  const layer = model.layers.find(({ name }) => name === layerName);
  if (layer === undefined) {
    throw choiceError('--layer', layerName, { known: model.layers.map(({ name }) => name), what: 'layer' });
  }
  return tf.tidy(() => {
    const output = Array.isArray(layer.output) ? layer.output[0] : layer.output;
    if (output === undefined) throw valueError('layer', 'a layer with an output', layerName);
    const result = tf.model({ inputs: model.inputs, outputs: output }).predict(input);
    return Array.isArray(result) ? (result[0] as Tensor) : result;
  });
}
