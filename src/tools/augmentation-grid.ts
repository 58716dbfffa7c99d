import type { AugmentSpec } from '../../augment/spec/index.js';
import { renderGrid } from '../../augment/stage/index.js';
import { writeFileAtomic } from '../base/atomic-file.js';
import { valueError } from '../base/errors.js';
import { drawByClass, type OpenOptions, openDataset } from '../data/index.js';
import { loadNative } from '../native/index.js';

export interface DrawAugmentationOptions extends OpenOptions {
  readonly augment: AugmentSpec;
  /** PNG to write. */
  readonly file: string;
  /** Rows, from 1 to 64; 8 by default. As many of each class as of any other, drawn by the seed. */
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
  const { augment, file, samples = 8, versions, ...opening } = options;
  if (!Number.isInteger(samples) || samples < 1 || samples > 64) {
    throw valueError('samples', 'an integer from 1 to 64', samples);
  }
  await loadNative(); // sharp is set up with it
  const { train } = await openDataset(opening);
  const grid = await renderGrid(train, augment, drawByClass(train, samples, opening.seed), {
    seed: opening.seed,
    ...(versions === undefined ? {} : { versions }),
  });
  await writeFileAtomic(file, [grid]);
}
