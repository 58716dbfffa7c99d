import { type LayersModel, type SymbolicTensor, type Tensor, tf } from '../base/tf.js';
import { type ClassChoice, checkImages, type Maps, mapsOf } from './maps.js';
import { classGradient, computed, ends, lastMaps, outputOfLayer } from './walk.js';

/** What `gradCam` and `gradCamPlusPlus` explain, and where. */
export interface GradCamOptions extends ClassChoice {
  /** A layer that gives maps of [height, width, channels]; default: the last convolution. */
  readonly layer?: string | undefined;
}

/** Keeps the quotient of Grad-CAM++ finite. */
const epsilon = 1e-6;

/**
 * Grad-CAM (Selvaraju et al. 2017): the channels of a layer, each weighted by the mean gradient of the class's score with
 * respect to it, summed, and cut off at 0. The score is taken before the softmax.
 *
 * @param images [images, height, width, channels], as the network takes them.
 * @returns maps of the layer's height and width, not scaled.
 * @throws ConvoyError `CONVOY_OPTION` for a layer without maps, a class that the model does not have, or images of another size.
 */
export function gradCam(model: LayersModel, images: Tensor, options: GradCamOptions = {}): Promise<Maps> {
  return cam(model, images, options, (_, gradient) => tf.mean(gradient, [1, 2], true));
}

/**
 * Grad-CAM++ (Chattopadhay et al. 2018): as Grad-CAM, but the weight of a channel is a mean of its positive gradients, weighted
 * so that several objects of one class are all seen.
 *
 * @throws ConvoyError as `gradCam`.
 */
export function gradCamPlusPlus(model: LayersModel, images: Tensor, options: GradCamOptions = {}): Promise<Maps> {
  return cam(model, images, options, (maps, gradient) => {
    const square = tf.square(gradient);
    const cube = tf.mul(square, gradient);
    const bottom = tf.add(tf.add(tf.mul(square, 2), tf.mul(cube, tf.sum(maps, [1, 2], true))), epsilon);
    const shares = tf.where(tf.notEqual(gradient, 0), tf.div(square, bottom), tf.zerosLike(gradient));
    return tf.sum(tf.mul(tf.relu(gradient), shares), [1, 2], true);
  });
}

async function cam(
  model: LayersModel,
  images: Tensor,
  { layer = lastMaps(model), classes: wanted }: GradCamOptions,
  weigh: (maps: Tensor, gradient: Tensor) => Tensor,
): Promise<Maps> {
  const batch = checkImages(model, images);
  const at = outputOfLayer(model, layer, { maps: true });
  let explained = new Int32Array();
  const result = tf.tidy(() => {
    const input = new Map([[ends(model).input, batch]]);
    const maps = computed(at, input);
    const { gradient, classes } = classGradient(
      model,
      new Map<SymbolicTensor, Tensor>([...input, [at, maps]]),
      at,
      wanted,
    );
    explained = Int32Array.from(classes);
    return tf.relu(tf.sum(tf.mul(maps, weigh(maps, gradient)), 3));
  });
  return mapsOf(result, explained);
}
