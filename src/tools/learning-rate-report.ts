import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { diskError, writeFileAtomic } from '../base/atomic-file.js';
import type { RunConfig } from '../config/index.js';
import type { LearningRateSearch } from './lr-find.js';

/**
 * Writes a sweep into a folder, made if it is not there: `lr-find.json`, `lr-find.svg` and `lr-find.png`.
 *
 * @returns the files.
 * @throws ConvoyError `CONVOY_DISK`.
 */
export async function writeLearningRateSearch(
  search: LearningRateSearch,
  { config, folder }: { readonly config: RunConfig; readonly folder: string },
): Promise<string[]> {
  await mkdir(folder, { recursive: true }).catch((error: unknown) => {
    throw diskError(folder, error);
  });
  const files = ['lr-find.json', 'lr-find.svg', 'lr-find.png'].map((name) => join(folder, name));
  const [json, ...pictures] = files as [string, string, string];
  await writeFileAtomic(json, [`${JSON.stringify({ config, ...search }, undefined, 2)}\n`]);
  const { learningRateChart } = await import('../plots/index.js');
  const chart = learningRateChart(search, `Learning-rate sweep of ${config.model.name} on ${config.dataset}`);
  for (const picture of pictures) await chart.write(picture);
  return files;
}
