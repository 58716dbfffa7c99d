import { type LayersModel, type Tensor, tf } from '../base/tf.js';
import { type ClassChoice, checkImages, type Maps, mapsOf } from './maps.js';
import { classGradient, ends } from './walk.js';

/**
 * Saliency (Simonyan et al. 2014): how much the class's score changes with each pixel, the largest absolute gradient of the
 * pixel's channels. The score is taken before the softmax.
 *
 * @param images [images, height, width, channels], as the network takes them.
 * @returns maps of the images' size, not scaled.
 * @throws ConvoyError `CONVOY_OPTION` for a class that the model does not have, or images of another size.
 */
export async function saliency(model: LayersModel, images: Tensor, { classes }: ClassChoice = {}): Promise<Maps> {
  const batch = checkImages(model, images);
  const { input } = ends(model);
  let explained = new Int32Array();
  const result = tf.tidy(() => {
    const { gradient, classes: own } = classGradient(model, new Map([[input, batch]]), input, classes);
    explained = Int32Array.from(own);
    return tf.max(tf.abs(gradient), 3);
  });
  return mapsOf(result, explained);
}
