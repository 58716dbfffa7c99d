import { type LayersModel, tf } from '../../src/base/tf.js';

export { tinyDatasets } from './tiny-data.js';

/** A network with everything that is hard to keep equal: batch norm, dropout, convolution. */
export function tinyModel(): LayersModel {
  const { layers } = tf;
  return tf.sequential({
    layers: [
      layers.conv2d({ name: 'conv', filters: 4, kernelSize: 3, inputShape: [8, 8, 1], useBias: false }),
      layers.batchNormalization({ name: 'bn' }),
      layers.reLU({ name: 'relu' }),
      layers.dropout({ name: 'drop', rate: 0.25 }),
      layers.flatten({ name: 'flat' }),
      layers.dense({ name: 'head', units: 3 }),
    ],
  });
}
