import { valueError } from '../base/errors.js';
import { type LayersModel, type Tensor, tf } from '../base/tf.js';
import { checkImages } from './maps.js';
import { computed, ends, outputOfLayer } from './walk.js';

/** What a layer gives for a batch of images. */
export interface LayerActivations {
  readonly layer: string;
  /** With the images as the first axis. */
  readonly shape: readonly number[];
  readonly values: Float32Array;
}

/**
 * What layers give for images, in inference mode. Runs on the calling thread.
 *
 * @param images [images, height, width, channels], as the network takes them: `TrainedRun.input` makes them of files and pixels.
 * @param layers names; default: every layer.
 * @throws ConvoyError `CONVOY_OPTION` for a layer that the model does not have, or images of another size.
 */
export async function activations(
  model: LayersModel,
  images: Tensor,
  layers: readonly string[] = model.layers.map(({ name }) => name),
): Promise<LayerActivations[]> {
  const batch = checkImages(model, images);
  const { input } = ends(model);
  const wanted = layers.map((name) => outputOfLayer(model, name));
  const results: LayerActivations[] = [];
  for (const [index, symbol] of wanted.entries()) {
    const output = tf.tidy(() => computed(symbol, new Map([[input, batch]])).clone());
    try {
      results.push({
        layer: layers[index] ?? '',
        shape: [...output.shape],
        values: Float32Array.from(await output.data()),
      });
    } finally {
      output.dispose();
    }
  }
  return results;
}

/** A channel of a layer: a map of a convolution, or a unit of a dense layer. */
export interface Channel {
  readonly layer: string;
  /** From 0. */
  readonly channel: number;
}

/** How much an image excites a channel. */
export interface Excitement {
  /** Place of the image in the batch. */
  readonly image: number;
  /** The largest value anywhere in the channel's map. */
  readonly activation: number;
}

/**
 * The images that excite a channel most, the largest activation first.
 *
 * @throws ConvoyError `CONVOY_OPTION` for a layer or channel that the model does not have, or images of another size.
 */
export async function maxActivation(
  model: LayersModel,
  images: Tensor,
  { layer, channel }: Channel,
): Promise<Excitement[]> {
  const [{ values, shape } = { values: new Float32Array(), shape: [0, 1] }] = await activations(model, images, [layer]);
  const channels = shape.at(-1) ?? 1;
  if (!Number.isInteger(channel) || channel < 0 || channel >= channels)
    throw valueError('channel', `an integer from 0 to ${channels - 1} of ${layer}`, channel);
  const [count = 0] = shape;
  const each = values.length / Math.max(1, count);
  const list = Array.from({ length: count }, (_, image) => {
    let activation = Number.NEGATIVE_INFINITY;
    for (let at = image * each + channel; at < (image + 1) * each; at += channels)
      activation = Math.max(activation, values[at] as number);
    return { image, activation };
  });
  return list.sort((a, b) => b.activation - a.activation);
}
