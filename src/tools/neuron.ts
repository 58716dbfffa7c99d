import { layerOutputs } from '../analysis/index.js';
import { valueError } from '../base/errors.js';
import { type Tensor, tf } from '../base/tf.js';
import { drawByClass } from '../data/index.js';
import type { Runtime } from '../runtime/index.js';
import { labelOf, picturesOf } from './sample-pictures.js';
import { networkInput, testPixels } from './test-images.js';

/** A channel of a layer: a map of a convolution, or a unit of a dense layer. */
export interface Neuron {
  readonly layer: string;
  /** From 0. */
  readonly channel: number;
}

/** Images shown, and pixels of each: wide enough for its class and activation. */
const shown = 24;
const shownSide = 120;
/** Test images looked at, unless told otherwise. */
const looked = 2000;

/** What `excitements` found. */
interface Excitements {
  /** Test images looked at, and their pixels behind each other. */
  readonly samples: Uint32Array;
  readonly pixels: Uint8Array;
  /** The channel's largest activation in each. */
  readonly activations: Float32Array;
  /** Whether the layer gives maps: then it is the largest anywhere in the channel's map. */
  readonly maps: boolean;
}

/**
 * How much a channel is excited by test images.
 *
 * @param limit test images to look at.
 * @throws ConvoyError `CONVOY_OPTION` for a layer or channel that the model does not have.
 */
export async function excitements(runtime: Runtime, neuron: Neuron, limit: number): Promise<Excitements> {
  const { config, datasets, model, layout, spec } = runtime;
  const samples = drawByClass(datasets.test, limit, config.seed);
  const pixels = await testPixels(runtime, samples);
  const activations = new Float32Array(samples.length);
  const step = layout.capacity * layout.imageBytes;
  let maps = false;
  for (let start = 0; start < pixels.length; start += step) {
    const part = pixels.subarray(start, start + step);
    const largest = tf.tidy(() => {
      const outputs = layerOutputs(model, neuron.layer, networkInput(spec, part), '--neuron');
      maps = outputs.rank > 2;
      return largestOf(outputs, neuron);
    });
    activations.set(await largest.data(), start / layout.imageBytes);
    largest.dispose();
  }
  return { samples, pixels, activations, maps };
}

/** Places of the largest activations, the largest first; without those that excite least, as all do whom a ReLU cuts off. */
export function mostExciting(activations: Float32Array): number[] {
  const least = activations.reduce((a, b) => Math.min(a, b), Number.POSITIVE_INFINITY);
  const order = [...activations.keys()].sort((a, b) => (activations[b] ?? 0) - (activations[a] ?? 0)).slice(0, shown);
  const exciting = order.filter((index) => (activations[index] ?? 0) > least);
  return exciting.length === 0 ? order : exciting;
}

/** The largest activation of a channel in each image: [n] of [n, ..., channels]. */
function largestOf(outputs: Tensor, { layer, channel }: Neuron): Tensor {
  const [count = 0, ...rest] = outputs.shape;
  const channels = rest.at(-1) ?? 1;
  if (channel >= channels) throw valueError('--neuron', `a channel from 0 to ${channels - 1} of ${layer}`, channel);
  return tf.reshape(outputs, [count, -1, channels]).slice([0, 0, channel], [count, -1, 1]).max([1, 2]);
}

/**
 * The test images that excite a channel most, PNG.
 *
 * @param limit test images to look at.
 * @throws ConvoyError as `excitements`.
 */
export async function neuronImages(runtime: Runtime, neuron: Neuron, limit = looked): Promise<Buffer> {
  const { test } = runtime.datasets;
  const { samples, pixels, activations, maps } = await excitements(runtime, neuron, limit);
  const best = mostExciting(activations);
  const label = (index: number): string =>
    `${labelOf(test, samples[index] ?? 0)}: ${(activations[index] ?? 0).toPrecision(3)}`;
  const pictures = picturesOf(pixels, test, label);
  const { pictureGrid } = await import('../plots/index.js');
  return pictureGrid(
    best.flatMap((index) => pictures.slice(index, index + 1)),
    {
      title: `Images that excite channel ${neuron.channel} of ${neuron.layer} most`,
      captions: [
        `${best.length} of ${samples.length.toLocaleString('en-US')} test images with the largest activation` +
          `${maps ? ' anywhere in its map' : ''}, the largest first`,
      ],
      side: shownSide,
    },
  );
}
