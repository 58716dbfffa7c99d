import { isArchiveName } from '../archive.js';
import { entryKind, firstEntry } from '../entries.js';
import { openImages } from '../image-set.js';
import { defineDatasetFormat } from './define.js';

/** A tar archive, gzip or not, of what an image folder holds. */
export const imageArchive = defineDatasetFormat<string>({
  name: 'image-archive',
  description: 'a .tar, .tar.gz or .tgz archive of an image folder',
  async find(place, known) {
    if (known !== undefined) {
      const names = ['.tar.gz', '.tgz', '.tar'].map((ending) => `${known.name}-images${ending}`);
      const source = await firstEntry(place, names, 'file');
      return source === undefined ? `no ${names[0]}` : { path: source, source };
    }
    if ((await entryKind(place)) === 'file' && isArchiveName(place)) return { path: place, source: place };
    return 'no archive';
  },
  open: (source, { name, known, options }) => openImages(name, source, options, known),
});
