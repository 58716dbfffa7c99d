import type { LayersModel } from '../base/tf.js';
import { isModel } from '../layers/index.js';

/** Layers that move pixels but leave their values, as may come before a rescaling. */
const movers: readonly string[] = ['InputLayer', 'ZeroPadding2D', 'Cropping2D', 'Reshape', 'Permute', 'ChannelPadding'];

/** Rescalings by less are from 0..255, as 1/255 and 1/127.5 are; those of numbers from 0 to 1 are by 1 or so. */
const byteScale = 1 / 32;

/**
 * Whether a model wants pixels from 0 to 255 because it begins with their rescaling, as Keras's EfficientNets do. Only
 * `Rescaling` tells: what a first normalization expects is in its weights.
 */
export function takesRawPixels({ layers }: Pick<LayersModel, 'layers'>): boolean {
  for (const layer of layers) {
    if (isModel(layer)) return takesRawPixels(layer);
    if (movers.includes(layer.getClassName())) continue;
    return layer.getClassName() === 'Rescaling' && Math.abs(Number(layer.getConfig()['scale'])) < byteScale;
  }
  return false;
}
