import type { AugmentSpec } from '../../augment/spec/index.js';
import { renderGrid } from '../../augment/stage/index.js';
import { writeFileAtomic } from '../base/atomic-file.js';
import { type OpenOptions, openDataset } from '../data/index.js';
import { loadNative } from '../native/index.js';

export interface DrawAugmentationOptions extends OpenOptions {
  readonly augment: AugmentSpec;
  /** PNG to write. */
  readonly file: string;
  /** Rows. */
  readonly samples?: number | undefined;
  /** Augmented versions of each. */
  readonly versions?: number | undefined;
}

/**
 * Draws training samples of a dataset, each beside what transforms make of it in one epoch after the other.
 *
 * @throws ConvoyError as `openDataset`, and `CONVOY_DISK` when the picture cannot be written.
 */
export async function drawAugmentation(options: DrawAugmentationOptions): Promise<void> {
  const { augment, file, samples, versions, ...opening } = options;
  await loadNative(); // sharp is set up with it
  const { train } = await openDataset(opening);
  const grid = await renderGrid(train, augment, {
    seed: opening.seed,
    ...(samples === undefined ? {} : { samples }),
    ...(versions === undefined ? {} : { versions }),
  });
  await writeFileAtomic(file, [grid]);
}
