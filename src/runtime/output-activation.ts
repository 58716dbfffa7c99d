import type { LayersModel } from '../base/tf.js';
import type { LossSpec } from '../contracts/index.js';
import { lossNamed } from '../losses/spec/index.js';

type Layer = LayersModel['layers'][number];

/** Layers that give the values they take, in another shape or not at all changed in evaluation. */
const passing = new Set([
  'Flatten',
  'Reshape',
  'Permute',
  'Dropout',
  'AlphaDropout',
  'GaussianNoise',
  'GaussianDropout',
]);

/**
 * What to tell of a model that ends in softmax or sigmoid under a loss that applies its own to logits; undefined where
 * they go together.
 *
 * @param loss with `fromLogits` false where the outputs are known to be probabilities.
 */
export function activationNote(model: LayersModel, loss: LossSpec): string | undefined {
  const { takesLogits, outputs } = lossNamed(loss);
  if (!takesLogits) return undefined;
  const found = outputActivation(model);
  if (found === undefined) return undefined;
  const { activation, layer } = found;
  const fromLogits = !('fromLogits' in loss) || loss.fromLogits !== false;
  if (fromLogits) {
    return (
      `the network ends in ${activation} (layer ${layer}), and the loss ${loss.name} applies its own to logits: take the ` +
      `layer's activation out, or give the loss fromLogits=false`
    );
  }
  if (outputs === 'softmax' && activation === 'sigmoid' && model.outputs[0]?.shape.at(-1) !== 1) {
    return `the network ends in sigmoid (layer ${layer}), but the loss ${loss.name} expects probabilities that sum to 1: binaryCrossEntropy goes with it`;
  }
  if (outputs === 'sigmoid' && activation === 'softmax') {
    return `the network ends in softmax (layer ${layer}), but the loss ${loss.name} takes each class alone: crossEntropy goes with it`;
  }
  return undefined;
}

/** The softmax or sigmoid that decides a model's outputs. */
function outputActivation(model: LayersModel): { readonly activation: string; readonly layer: string } | undefined {
  let layer: Layer | undefined = model.outputs[0]?.sourceLayer as Layer | undefined;
  while (layer !== undefined) {
    const { activation } = layer.getConfig() as { readonly activation?: unknown };
    const own = layer.getClassName() === 'Softmax' ? 'softmax' : activation;
    if (own === 'softmax' || own === 'sigmoid') return { activation: own, layer: layer.name };
    const passes = passing.has(layer.getClassName()) || (layer.getClassName() === 'Activation' && own === 'linear');
    const [input, another] = Array.isArray(layer.input) ? layer.input : [layer.input];
    if (!passes || another !== undefined) return undefined;
    layer = input?.sourceLayer as Layer | undefined;
  }
  return undefined;
}
