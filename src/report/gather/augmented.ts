import type { AugmentSpec } from '../../../augment/spec/index.js';
import { renderVersions } from '../../../augment/stage/index.js';
import type { Dataset } from '../../contracts/index.js';
import { drawByClass } from '../../data/index.js';
import { labelOf, picturesOf } from '../../tools/index.js';
import type { LooksReport } from '../types.js';
import { sheetOf } from './sheet.js';

const shown = { images: 8, versions: 5 } as const;

/** Training images as they are, and as the transforms make them in the first epochs: what the network saw. */
export async function augmentedBatch(
  dataset: Dataset,
  seed: number,
  transforms: AugmentSpec,
): Promise<NonNullable<LooksReport['augmented']>> {
  const samples = drawByClass(dataset, shown.images, seed);
  const versions = transforms.length === 0 ? 0 : shown.versions;
  const rendered = await renderVersions(samples, { dataset, seed, transforms, versions });
  // Row by row: an image, then its versions.
  const rows = Array.from(samples, (_, index) =>
    rendered.flatMap((drawn) => picturesOf(drawn.pixels, dataset, () => '', drawn).slice(index, index + 1)),
  );
  return {
    sheet: await sheetOf(rows.flat()),
    labels: Array.from(samples, (sample) => labelOf(dataset, sample)),
    transforms: transforms.map(({ name }) => name).join(', '),
  };
}
