import type { OpenedDataset } from './open.js';
import { openDataset } from './open.js';
import type { OpenOptions } from './options.js';

/**
 * The splits of a folder or archive of images: `train/CLASS/FILE` and `test/CLASS/FILE`, or `CLASS/FILE` alone, of which a
 * fifth becomes the test split. Give them to `Trainer` as `datasets`.
 *
 * @throws ConvoyError `CONVOY_DATA`, `CONVOY_OPTION`.
 */
export function datasetFromFolder(
  folder: string,
  options: Partial<Omit<OpenOptions, 'name'>> = {},
): Promise<OpenedDataset> {
  return openDataset({ seed: 0, ...options, name: folder });
}
