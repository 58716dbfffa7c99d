import type { Points } from '../analysis/index.js';
import { combinationError } from '../base/errors.js';
import { type Tensor, tf } from '../base/tf.js';
import type { Dataset } from '../contracts/index.js';
import { drawByClass } from '../data/index.js';
import type { Runtime } from '../runtime/index.js';
import { splitHead } from '../transfer/index.js';
import { networkInput, testPixels } from './test-images.js';

/** What the head is given for test images. */
export interface Features {
  readonly points: Points;
  /** Indices into the test split. */
  readonly samples: Uint32Array;
  /** The images, one behind the other. */
  readonly pixels: Uint8Array;
  readonly labels: Int32Array;
}

/**
 * What the head is given for test images, the same number of each class, which ones by the seed.
 *
 * @param limit images at most.
 * @throws ConvoyError `CONVOY_OPTION` for data of several labels an image.
 */
export async function testFeatures(runtime: Runtime, limit: number): Promise<Features> {
  const { config, datasets, layout, model, spec } = runtime;
  const samples = drawByClass(datasets.test, limit, config.seed);
  const pixels = await testPixels(runtime, samples);
  const labels = Int32Array.from(samples, labelsOf(datasets.test));
  const { features } = splitHead(model);
  const dimensions = (features.outputs[0]?.shape ?? [])
    .slice(1)
    .reduce((product: number, size) => product * (size ?? 1), 1);
  const values = new Float32Array(samples.length * dimensions);
  const step = layout.capacity * layout.imageBytes;
  for (let start = 0; start < pixels.length; start += step) {
    const output = tf.tidy(() => features.predict(networkInput(spec, pixels.subarray(start, start + step))) as Tensor);
    values.set(await output.data(), (start / layout.imageBytes) * dimensions);
    output.dispose();
  }
  return { points: { values, count: samples.length, dimensions }, samples, pixels, labels };
}

function labelsOf({ targets }: Dataset): (sample: number) => number {
  if (targets.kind !== 'classes')
    throw combinationError(
      '--only pca or tsne',
      'needs',
      'a dataset of one class per image; use --only filters,activations',
    );
  return (sample) => targets.labels[sample] ?? 0;
}
