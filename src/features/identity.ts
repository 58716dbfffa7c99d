import { createHash } from 'node:crypto';
import { stat } from 'node:fs/promises';
import { join } from 'node:path';
import type { Dataset, StepSpec } from '../contracts/index.js';
import { compilerVersion } from '../graph/index.js';
import type { RunLayout } from '../memory/index.js';

/** What features are made by; with the images, all that they depend on. */
export interface FeatureMaker {
  /** The frozen part's architecture in tfjs's form, and its weights in order. */
  readonly architecture: unknown;
  readonly weights: readonly Float32Array[];
  readonly spec: StepSpec;
  readonly layout: Pick<RunLayout, 'capacity' | 'shards'>;
  readonly tensorflowVersion: string;
  /** convoy's ops that were used. */
  readonly kernels: readonly string[];
}

/** Raised when the same model and images give other features, or a file of them another form. */
const version = 1;

/** Files looked at at a time: their sizes and times, not their content. */
const filesAtOnce = 256;

/**
 * The name of a dataset's features in the cache: SHA-256 over images, frozen weights and architecture, preprocessing,
 * precision, and the code that computes. Batches and shards are part of it: in batches of other sizes TensorFlow may round differently, and equal
 * shards are to give equal bits. Images in memory count by their pixels, files by path, size and time of change.
 */
export async function featureKey(dataset: Dataset, maker: FeatureMaker): Promise<string> {
  const { architecture, weights, spec, layout, tensorflowVersion, kernels } = maker;
  const { preprocess, precision, emulateBfloat16, image } = spec;
  const hash = createHash('sha256');
  const computed = [
    tensorflowVersion,
    compilerVersion,
    kernels,
    architecture,
    preprocess,
    precision,
    emulateBfloat16,
    image,
  ];
  hash.update(JSON.stringify([version, ...computed, layout.capacity, layout.shards]));
  for (const values of weights) hash.update(new Uint8Array(values.buffer, values.byteOffset, values.byteLength));
  hash.update(JSON.stringify([dataset.count, dataset.store.kind]));
  if (dataset.store.kind === 'pixels') {
    hash.update(dataset.store.pixels);
    return hash.digest('hex');
  }
  const { root, stretches } = dataset.store;
  const paths = stretches === undefined ? dataset.store.paths : [...new Set(dataset.store.paths)];
  if (stretches !== undefined) hash.update(stretches.offsets).update(stretches.checksums);
  for (let first = 0; first < paths.length; first += filesAtOnce) {
    const some = paths.slice(first, first + filesAtOnce);
    // A file that is gone is told by the stage that decodes it.
    const found = await Promise.all(some.map((path) => stat(join(root, path)).catch(() => undefined)));
    hash.update(JSON.stringify([root, some, found.map((file) => [file?.size, file?.mtimeMs])]));
  }
  return hash.digest('hex');
}
