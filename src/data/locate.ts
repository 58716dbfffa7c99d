import { type CatalogEntry, catalog } from './catalog.js';
import { entryKind } from './entries.js';
import type { FoundDataset } from './formats/index.js';
import { searchPlaces } from './places.js';

/** What looking for a dataset gave. */
interface Search {
  readonly found?: FoundDataset;
  /** One line for each place looked at before, with what was missing there. */
  readonly lookedAt: readonly string[];
}

/** Looks for a dataset of the catalog in every place it may be (see `searchPlaces`), in each of its formats. */
export async function locateDataset(entry: CatalogEntry, dataDir?: string): Promise<Search> {
  const foreign = catalog.filter((other) => other !== entry).flatMap((other) => other.folders);
  const lookedAt: string[] = [];
  for (const { folder, why } of searchPlaces(entry.name, entry.folders, foreign, dataDir)) {
    if ((await entryKind(folder)) !== 'folder') {
      lookedAt.push(`${folder} (${why}): no such folder`);
      continue;
    }
    const missing: string[] = [];
    for (const format of entry.formats) {
      const found = await format.find(folder, entry);
      if (typeof found !== 'string') return { found, lookedAt };
      missing.push(found);
    }
    lookedAt.push(`${folder} (${why}): ${missing.join(', ')}`);
  }
  return { lookedAt };
}
