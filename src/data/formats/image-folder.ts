import path from 'node:path';
import { entryKind, firstEntry } from '../entries.js';
import { openImages } from '../image-set.js';
import { defineDatasetFormat } from './define.js';

/** A folder with train/CLASS/... and test/CLASS/..., or CLASS/... alone. */
export const imageFolder = defineDatasetFormat<string>({
  name: 'image-folder',
  description: 'an image folder',
  async find(place, known) {
    if ((await entryKind(place)) !== 'folder') return 'no folder';
    if (known === undefined) return { path: place, source: place };
    // Other things may lie in a data folder: its first class shows that it is this dataset.
    const splits = [await firstEntry(place, ['train'], 'folder'), await firstEntry(place, ['test'], 'folder')];
    const first = await firstEntry(path.join(place, 'train'), [known.classes[0] ?? ''], 'folder');
    if (splits.every((split) => split !== undefined) && first !== undefined) return { path: place, source: place };
    return 'no train/ and test/ with its classes';
  },
  open: (source, { name, known, options }) => openImages(name, source, options, known),
});
