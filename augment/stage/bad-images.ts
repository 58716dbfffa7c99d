/**
 * Images that cannot be used are found before an epoch, never in it: a sample that is dropped then changes no batch, no
 * seed's choice and no resumed run, and nothing ever stands in for it.
 */

import { ConvoyError } from '../../src/base/errors.js';
import type { Dataset, FileStore } from '../../src/contracts/index.js';
import { defaultPixelLimit } from '../decode/index.js';
import { decodeThreads } from './auto.js';
import type { UnusableSample } from './messages.js';
import { AugmentPool } from './pool.js';

/** Share of images that may be bad before the run is stopped. */
const largestShare = 0.01;
/** Files that one task decodes. */
const filesPerTask = 64;

/** A dataset without its bad images, and those. */
interface CheckedImages {
  readonly dataset: Dataset;
  readonly bad: readonly UnusableSample[];
}

interface DropOptions {
  /** Threads; half the cores by default, 4 at most. */
  readonly workers?: number;
  /** Largest image that is decoded, in pixels; 89,478,485 by default. */
  readonly pixelLimit?: number;
}

/**
 * Decodes every file of a dataset once and leaves out those that cannot be decoded (`--on-bad-image skip`). A dataset of
 * pixels in memory comes back as it is.
 *
 * @throws ConvoyError `CONVOY_DATA` when more than 1% are bad, naming the first.
 */
export async function dropBadImages(dataset: Dataset, options: DropOptions = {}): Promise<CheckedImages> {
  const { store } = dataset;
  if (store.kind === 'pixels') return { dataset, bad: [] };
  const { workers = decodeThreads(), pixelLimit = defaultPixelLimit } = options;
  const pool = new AugmentPool({ dataset, transforms: [], seed: 0, pixelLimit }, workers);
  const bad: UnusableSample[] = [];
  try {
    const tasks: Promise<void>[] = [];
    for (let start = 0; start < dataset.count; start += filesPerTask) {
      const length = Math.min(filesPerTask, dataset.count - start);
      const samples = Uint32Array.from({ length }, (_, index) => start + index);
      const task = async (): Promise<void> => {
        const reply = await pool.run({ kind: 'scan', samples });
        if (reply.kind === 'scanned') bad.push(...reply.bad);
      };
      tasks.push(task());
    }
    await Promise.all(tasks);
  } finally {
    await pool.close();
  }
  if (bad.length === 0) return { dataset, bad };
  bad.sort((a, b) => a.sample - b.sample);
  if (bad.length > dataset.count * largestShare) {
    throw new ConvoyError(
      'CONVOY_DATA',
      `${store.root}: expected at most ${largestShare * 100}% bad images but found ${bad.length} of ` +
        `${dataset.count}, the first ${bad[0]?.reason}`,
      { file: store.root, bad },
    );
  }
  return { dataset: without(dataset, store, new Set(bad.map(({ sample }) => sample))), bad };
}

/** The dataset without some samples; the others keep their order. */
function without(dataset: Dataset, store: FileStore, dropped: ReadonlySet<number>): Dataset {
  const kept = Array.from({ length: dataset.count }, (_, sample) => sample).filter((sample) => !dropped.has(sample));
  const { targets, classes } = dataset;
  const files: FileStore = { ...store, paths: kept.map((sample) => store.paths[sample] ?? '') };
  if (targets.kind === 'classes') {
    const labels = new Int32Array(new SharedArrayBuffer(kept.length * 4));
    kept.forEach((sample, index) => (labels[index] = targets.labels[sample] ?? 0));
    return { ...dataset, count: kept.length, store: files, targets: { kind: 'classes', labels } };
  }
  const width = classes.length;
  const values = new Float32Array(new SharedArrayBuffer(kept.length * width * 4));
  kept.forEach((sample, index) =>
    values.set(targets.values.subarray(sample * width, (sample + 1) * width), index * width),
  );
  return { ...dataset, count: kept.length, store: files, targets: { kind: 'multi-label', values } };
}
