/**
 * Images that cannot be used are found before an epoch, never in it: a sample that is dropped then changes no batch, no
 * seed's choice and no resumed run, and nothing ever stands in for it.
 */

import { createHash } from 'node:crypto';
import { type Dataset, type FileStore, selectFiles, selectTargets } from '../../src/contracts/index.js';
import { decodeThreads } from './auto.js';
import type { UnusableSample } from './messages.js';
import { AugmentPool } from './pool.js';

/** Files that one task decodes. */
const filesPerTask = 64;

/** A dataset without its bad images, and those. */
interface CheckedImages {
  readonly dataset: Dataset;
  readonly bad: readonly UnusableSample[];
}

/**
 * Decodes every file of a dataset once and leaves out those that cannot be decoded (`--on-bad-image skip`). A dataset of
 * pixels in memory comes back as it is. The caller decides whether that many may be left out of the whole set.
 *
 * @param workers threads; half the cores by default, 4 at most.
 */
export async function dropBadImages(dataset: Dataset, workers = decodeThreads()): Promise<CheckedImages> {
  const { store } = dataset;
  if (store.kind === 'pixels') return { dataset, bad: [] };
  const pool = new AugmentPool({ dataset, transforms: [], seed: 0 }, workers);
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
  return { dataset: without(dataset, store, new Set(bad.map(({ sample }) => sample))), bad };
}

/** The dataset without some samples; the others keep their order. */
function without(dataset: Dataset, store: FileStore, dropped: ReadonlySet<number>): Dataset {
  const kept = Array.from({ length: dataset.count }, (_, sample) => sample).filter((sample) => !dropped.has(sample));
  // The others are other data: a run does not go on where more or fewer are left out.
  const fingerprint = createHash('sha256')
    .update(dataset.fingerprint)
    .update(JSON.stringify([...dropped]))
    .digest('hex');
  return {
    ...dataset,
    fingerprint,
    count: kept.length,
    store: selectFiles(store, kept),
    targets: selectTargets(dataset.targets, kept, dataset),
  };
}
