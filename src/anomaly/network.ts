/** Runs a network and gives its feature maps, on this thread. */
import { layerTensor } from '../analysis/index.js';
import { choiceError, combinationError, valueError } from '../base/errors.js';
import { type LayersModel, type SymbolicTensor, type Tensor, type Tensor4D, tf } from '../base/tf.js';
import type { AnomalyNetwork, FeatureMaps, Grid, Size } from './contract.js';

/** What maps of images a detector is given. */
export interface MapSource {
  readonly grid: Grid;
  /** @param pixels of each image, [height, width, channels] of the network's input, 0 to 255. */
  maps(pixels: readonly Float32Array[]): Promise<FeatureMaps>;
}

/** Which features. */
export interface FeatureOptions {
  readonly layers: readonly string[];
  /** Mean of each place and its 8 neighbours: PatchCore. */
  readonly averaged: boolean;
  /** Channels of the concatenated maps, in this order; default: all. */
  readonly chosen?: readonly number[];
}

/** Levels that are used by default. */
const wantedLevels = 3;

/**
 * The last layer of each size of a network, the size halved each time: up to three, and without the smallest where there are more. Of
 * a ResNet for photographs those of the paper, at a quarter, an eighth and a sixteenth; of a ResNet for CIFAR at all three sizes.
 *
 * @throws ConvoyError `CONVOY_OPTION` for a network without convolutions.
 */
export function defaultLayers(model: LayersModel, image: Size): string[] {
  const byLevel = new Map<number, string>();
  let convolved = false;
  for (const layer of model.layers) {
    convolved ||= layer.weights.some(({ shape }) => shape.length === 4);
    // Padding stands before the layer that halves the size.
    if (layer.getClassName() === 'ZeroPadding2D') continue;
    const tensor = layerTensor(model, layer);
    const [, height, width] = tensor?.shape ?? [];
    if (!convolved || tensor?.shape.length !== 4 || !height || !width || Math.min(height, width) < 2) continue;
    byLevel.set(Math.round(Math.log2(image.height / height)), layer.name);
  }
  const levels = [...byLevel].sort(([a], [b]) => a - b).map(([, name]) => name);
  if (levels.length === 0)
    throw valueError('layers', 'layers of feature maps, as the network has no convolution,', undefined);
  return levels.length > wantedLevels ? levels.slice(0, -1).slice(-wantedLevels) : levels;
}

/**
 * Feature maps of layers, resized to the largest of them (bilinear) and concatenated.
 *
 * @throws ConvoyError `CONVOY_OPTION` for a layer that the network does not have, or that gives no maps.
 */
export function featureSource(network: AnomalyNetwork, { layers, averaged, chosen }: FeatureOptions): MapSource {
  const { model } = network;
  const outputs = layers.map((name) => mapsOfLayer(model, name));
  const shapes = outputs.map(({ shape }) => shape.slice(1) as [number, number, number]);
  const size = { height: Math.max(...shapes.map(([h]) => h)), width: Math.max(...shapes.map(([, w]) => w)) };
  const all = shapes.reduce((sum, [, , c]) => sum + c, 0);
  const grid = { ...size, channels: chosen?.length ?? all };
  const features = tf.model({ inputs: model.inputs, outputs });
  return {
    grid,
    maps: (pixels) =>
      run(grid, pixels, () => {
        const result = features.predict(inputOf(network, pixels)) as Tensor | Tensor[];
        const maps = (Array.isArray(result) ? result : [result]) as Tensor4D[];
        const resized = maps.map((map) => {
          const mean = averaged ? tf.avgPool(map, 3, 1, 'same') : map;
          return tf.image.resizeBilinear(mean, [size.height, size.width], false, true);
        });
        const together = resized.length === 1 ? (resized[0] as Tensor4D) : tf.concat(resized, 3);
        return chosen === undefined ? together : tf.gather(together, [...chosen], 3);
      }),
  };
}

/**
 * Squared errors of rebuilt images, pixels from 0 to 1, mean over channels: maps of one channel at the image's size.
 *
 * @throws ConvoyError `CONVOY_OPTION` for a network that does not rebuild images.
 */
export function errorSource(network: AnomalyNetwork): MapSource {
  const { model, record } = network;
  const { height, width, channels } = record.image;
  if (record.targets !== 'pixels')
    throw combinationError('method reconstruction', 'needs', 'a run that rebuilds images, as of autoencoder');
  const grid = { height, width, channels: 1 };
  return {
    grid,
    maps: (pixels) =>
      run(grid, pixels, () => {
        const rebuilt = model.predict(inputOf(network, pixels)) as Tensor4D;
        const images = tf.tensor4d(flat(pixels), [pixels.length, height, width, channels]).div(255);
        return tf.mean(tf.squaredDifference(rebuilt, images), 3, true);
      }),
  };
}

async function run(grid: Grid, pixels: readonly Float32Array[], compute: () => Tensor): Promise<FeatureMaps> {
  const result = tf.tidy(compute);
  try {
    return { ...grid, count: pixels.length, values: Float32Array.from(await result.data()) };
  } finally {
    result.dispose();
  }
}

/** Channels of the layers' maps together. */
export function channelsOf(model: LayersModel, layers: readonly string[]): number {
  return layers.reduce((sum, name) => sum + (mapsOfLayer(model, name).shape[3] ?? 0), 0);
}

function mapsOfLayer(model: LayersModel, name: string): SymbolicTensor {
  const layer = model.layers.find((candidate) => candidate.name === name);
  if (layer === undefined)
    throw choiceError('layers', name, { known: model.layers.map((each) => each.name), what: 'layer' });
  const tensor = layerTensor(model, layer);
  if (tensor === undefined || tensor.shape.length !== 4)
    throw valueError('layers', 'layers that give maps of [height, width, channels]', name);
  return tensor;
}

function inputOf({ record: { image, preprocess } }: AnomalyNetwork, pixels: readonly Float32Array[]): Tensor4D {
  const { height, width, channels } = image;
  const raw = tf.tensor4d(flat(pixels), [pixels.length, height, width, channels]);
  return raw.mul(tf.tensor1d([...preprocess.scale])).add(tf.tensor1d([...preprocess.offset]));
}

function flat(pixels: readonly Float32Array[]): Float32Array {
  const each = pixels[0]?.length ?? 0;
  const result = new Float32Array(pixels.length * each);
  for (const [index, one] of pixels.entries()) result.set(one, index * each);
  return result;
}
