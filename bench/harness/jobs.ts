import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { ConfigInput } from '../../src/config/index.js';
import type { Dataset } from '../../src/contracts/index.js';
import { openDataset } from '../../src/data/index.js';
import { MeasuringChild } from '../../src/measure/index.js';

/** What a job trains. */
export interface JobSetup {
  readonly config: ConfigInput;
  readonly dataDir?: string;
}

/** An epoch with its evaluation. */
export interface JobRound {
  readonly images: number;
  readonly seconds: number;
  readonly accuracy: number;
}

/** A process that trains whole epochs. */
export type JobChild = MeasuringChild<object, JobRound>;

/** Starts convoy's own training in a process. */
export function startJob(setup: JobSetup): Promise<JobChild> {
  const script = fileURLToPath(new URL('../children/job.js', import.meta.url));
  return MeasuringChild.start({ command: [process.execPath, script], setup });
}

/** Writes a dataset's raw pixels and labels where peers read them: the same images for all. */
export async function writeRawDataset(name: string, folder: string, dataDir?: string): Promise<void> {
  const { train, test } = await openDataset({ name, seed: 0, ...(dataDir === undefined ? {} : { dataDir }) });
  for (const split of [train, test]) await writeSplit(split, folder);
}

async function writeSplit({ split, store, targets }: Dataset, folder: string): Promise<void> {
  if (store.kind !== 'pixels' || targets.kind !== 'classes')
    throw new TypeError('peers read decoded images with one class each');
  await writeFile(join(folder, `${split}.pixels`), store.pixels);
  await writeFile(join(folder, `${split}.labels`), targets.labels);
}
