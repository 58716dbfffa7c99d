import type { AugmentSpec } from '../../augment/spec/index.js';
import { renderVersions } from '../../augment/stage/index.js';
import { writeFileAtomic } from '../base/atomic-file.js';
import { valueError } from '../base/errors.js';
import { drawByClass, type OpenOptions, openDataset } from '../data/index.js';
import { loadNative } from '../native/index.js';
import { labelOf, picturesOf, samplePictures } from './sample-pictures.js';

export interface DrawAugmentationOptions extends OpenOptions {
  /** Without a transform the samples alone are drawn. */
  readonly augment: AugmentSpec;
  /** PNG to write. */
  readonly file: string;
  /** Samples, a row each, from 1 to 64; 8. */
  readonly samples?: number | undefined;
  /** Augmented versions of each, those of as many epochs, from 1 to 32; 6. */
  readonly versions?: number | undefined;
}

/**
 * Draws training samples of a dataset, each beside what transforms make of it in one epoch after the other.
 *
 * @throws ConvoyError as `openDataset`, and `CONVOY_DISK` when the picture cannot be written.
 */
export async function drawAugmentation(options: DrawAugmentationOptions): Promise<void> {
  const { augment: transforms, file, samples: rows = 8, versions = 6, ...opening } = options;
  if (!Number.isInteger(rows) || rows < 1 || rows > 64) throw valueError('samples', 'an integer from 1 to 64', rows);
  if (!Number.isInteger(versions) || versions < 1 || versions > 32)
    throw valueError('versions', 'an integer from 1 to 32', versions);
  const { pictureGrid } = await import('../plots/index.js');
  await loadNative(); // sharp is set up with it
  const { train: dataset } = await openDataset(opening);
  const { seed } = opening;
  const samples = drawByClass(dataset, rows, seed);
  const title = `${dataset.name}: training samples`;
  if (transforms.length === 0) {
    await writeFileAtomic(file, [await pictureGrid(await samplePictures(dataset, samples), { title })]);
    return;
  }
  const rendered = await renderVersions(samples, { dataset, seed, transforms, versions });
  const columns = rendered.map((drawn, column) => {
    const label = (row: number): string => (column === 0 ? labelOf(dataset, samples[row] ?? 0) : `epoch ${column}`);
    return picturesOf(drawn.pixels, dataset, label, drawn);
  });
  const pictures = Array.from(samples, (_, row) => columns.flatMap((column) => column.slice(row, row + 1))).flat();
  const names = transforms.map(({ name }) => name).join(', ');
  const captions = [
    `the original, then as ${names} ${transforms.length === 1 ? 'makes' : 'make'} it epoch after epoch`,
  ];
  await writeFileAtomic(file, [await pictureGrid(pictures, { title, captions, columns: columns.length })]);
}
