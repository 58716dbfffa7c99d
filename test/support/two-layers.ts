import { type LayersModel, tf } from '../../src/base/tf.js';
import { setWeights } from '../../src/models/index.js';
import { type MapOptions, mapWeights, type NamedTensor, type WeightsFile } from '../../src/weights/index.js';

export const tensor = (name: string, shape: number[], first = 1): NamedTensor => ({
  name,
  shape,
  data: Float32Array.from({ length: shape.reduce((a, b) => a * b, 1) }, (_, index) => first + index),
});
export const memory = (tensors: NamedTensor[], format: WeightsFile['format'] = 'safetensors'): WeightsFile => ({
  file: 'memory',
  format,
  tensors,
});

/** A dense layer 2 to 2, its head 2 to 3. */
export function twoLayers(): LayersModel {
  return tf.sequential({
    layers: [
      tf.layers.dense({ name: 'hidden', units: 2, inputShape: [2] }),
      tf.layers.dense({ name: 'head', units: 3, useBias: false }),
    ],
  });
}
export const hidden = [tensor('hidden/kernel', [2, 2]), tensor('hidden/bias', [2], 5)];

export function mapped(file: WeightsFile, options?: MapOptions): number[][] {
  const model = twoLayers();
  setWeights(model, [new Float32Array(4), new Float32Array(2), new Float32Array(6).fill(9)]);
  try {
    return mapWeights(model, file, options).map((values) => [...values]);
  } finally {
    model.dispose();
  }
}
