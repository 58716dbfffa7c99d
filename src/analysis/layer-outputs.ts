import { choiceError, valueError } from '../base/errors.js';
import { type LayersModel, type SymbolicTensor, type Tensor, tf } from '../base/tf.js';

/**
 * What an inner layer gives for a batch, in inference mode; the caller owns the result. The layer before the last gives
 * the features that PCA and t-SNE are drawn from, a convolution the maps of `activationPictures`.
 *
 * @param input the model's input, preprocessed.
 * @param option what named the layer, for messages.
 * @throws ConvoyError `CONVOY_OPTION` when the model has no such layer.
 */
export function layerOutputs(model: LayersModel, layerName: string, input: Tensor, option = '--layer'): Tensor {
  const layer = model.layers.find(({ name }) => name === layerName);
  if (layer === undefined) {
    throw choiceError(option, layerName, { known: model.layers.map(({ name }) => name), what: 'layer' });
  }
  return tf.tidy(() => {
    const output = layerTensor(model, layer);
    if (output === undefined) throw valueError(option, 'a layer with an output', layerName);
    const result = tf.model({ inputs: model.inputs, outputs: output }).predict(input);
    return Array.isArray(result) ? (result[0] as Tensor) : result;
  });
}

/** What a layer gives within the model: one that another model shares gives something there too. */
export function layerTensor(
  { outputs }: LayersModel,
  layer: LayersModel['layers'][number],
): SymbolicTensor | undefined {
  const open = [...outputs];
  const seen = new Set<SymbolicTensor>();
  for (let tensor = open.pop(); tensor !== undefined; tensor = open.pop()) {
    if (tensor.sourceLayer === layer) return tensor;
    if (seen.has(tensor)) continue;
    seen.add(tensor);
    open.push(...(tensor.sourceLayer.inboundNodes[tensor.nodeIndex ?? 0]?.inputTensors ?? []));
  }
  return undefined;
}
