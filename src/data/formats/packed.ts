import { type Dataset, imageBytes } from '../../contracts/index.js';
import { decodedFiles } from '../decoded-files.js';
import { entryKind } from '../entries.js';
import { checkSkipped } from '../image-source.js';
import { limits } from '../limits.js';
import { type BadImage, type OpenOptions, sizeOf } from '../options.js';
import { isPacked, openPacked } from '../packed/index.js';
import { defineDatasetFormat } from './define.js';

/** A file that `convoy data pack` wrote, whatever it is called. */
export const packed = defineDatasetFormat<string>({
  name: 'packed',
  description: 'a packed file (convoy data pack)',
  async find(place) {
    const is = (await entryKind(place)) === 'file' && (await isPacked(place));
    return is ? { path: place, source: place } : 'no packed file';
  },
  async open(file, { options }) {
    const { splits, notes } = await openPacked(file, undefined, options.signal);
    const imageCount = splits.reduce((sum, { count }) => sum + count, 0);
    const badImages: BadImage[] = [];
    const sized: Dataset[] = [];
    for (const split of splits) {
      const { dataset, badImages: bad } = await toSize(split, options);
      sized.push(dataset);
      badImages.push(...bad);
    }
    checkSkipped(file, badImages, imageCount);
    const [train, test, validation] = (['train', 'test', 'validation'] as const).map((name) =>
      sized.find(({ split }) => split === name),
    );
    const opened = { train: train as Dataset, ...(test && { test }), ...(validation && { validation }) };
    return { ...opened, badImages, imageCount, notes };
  },
});

/** Encoded images of another size: decoded where they fit into memory, as those of a folder are, else as they are read. */
async function toSize(dataset: Dataset, options: OpenOptions): ReturnType<typeof decodedFiles> {
  const wanted = sizeOf(options.imageSize);
  if (dataset.store.kind !== 'files' || wanted === undefined) return { dataset, badImages: [] };
  const shape = { ...dataset.shape, ...wanted };
  if (dataset.count * imageBytes(shape) <= limits.pixelStoreBytes) return decodedFiles(dataset, shape, options);
  return { dataset: { ...dataset, shape }, badImages: [] };
}
