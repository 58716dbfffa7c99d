import { homedir } from 'node:os';
import path from 'node:path';
import { ConvoyError } from '../base/errors.js';

/** Where Debian's `dataset-…` packages put their files. */
const debianDatasets = '/usr/share/datasets';

/** convoy's cache folder: `$CONVOY_CACHE`, else `$XDG_CACHE_HOME/convoy`, else `~/.cache/convoy`. Absolute. */
export function cacheFolder(): string {
  const own = process.env['CONVOY_CACHE'];
  if (own !== undefined && own !== '') return path.resolve(own);
  // The XDG base directory specification: a relative path there is invalid and must be ignored.
  const xdg = process.env['XDG_CACHE_HOME'];
  if (xdg !== undefined && path.isAbsolute(xdg)) return path.join(xdg, 'convoy');
  return path.join(homeFolder(), '.cache', 'convoy');
}

/** @throws ConvoyError `CONVOY_OPTION` where the system knows of none. */
function homeFolder(): string {
  try {
    return homedir();
  } catch (error) {
    const text = 'Expected a home folder for the cache but this user has none: set $CONVOY_CACHE to a folder';
    throw new ConvoyError('CONVOY_OPTION', text, { place: '$CONVOY_CACHE' }, error);
  }
}

/** The cache's folder for downloaded files of a dataset. */
export function downloadFolder(name: string): string {
  return path.join(cacheFolder(), 'datasets', name);
}

/** The cache's folder for decoded pixels. */
export function decodedFolder(): string {
  return path.join(cacheFolder(), 'decoded');
}

/** The cache's folder for archives taken apart. */
export function extractedFolder(): string {
  return path.join(cacheFolder(), 'extracted');
}

/** The cache's folder for indexes of TFRecord files, and for images that are packed inside other files. */
export function streamFolder(): string {
  return path.join(cacheFolder(), 'streams');
}

/** A folder to look in, and why. */
export interface Place {
  readonly folder: string;
  readonly why: string;
}

/**
 * Every folder that may hold dataset `name`, in the order they are tried: the data folder given and no other, or
 * `$CONVOY_DATA`, Debian's place, the cache.
 *
 * @param folders names of the dataset's own folder below a data folder.
 * @param foreign folders of other datasets: a data folder so called does not hold this one, whatever the names of its
 *   files (MNIST and Fashion-MNIST share theirs).
 */
export function searchPlaces(
  name: string,
  folders: readonly string[],
  foreign: readonly string[],
  dataDir?: string,
): Place[] {
  const places: Place[] = [];
  const add = (base: string | undefined, why: string): void => {
    if (base === undefined || base === '') return;
    const root = path.resolve(base);
    for (const folder of folders) places.push({ folder: path.join(root, folder), why });
    if (!foreign.some((folder) => root.endsWith(path.normalize(`/${folder}`)))) places.push({ folder: root, why });
  };
  add(dataDir, '--data-dir');
  // Whoever names a folder means what is in it, never another copy.
  if (dataDir !== undefined) return places;
  add(process.env['CONVOY_DATA'], '$CONVOY_DATA');
  places.push({ folder: path.join(debianDatasets, name), why: `Debian's package dataset-${name}` });
  places.push({ folder: downloadFolder(name), why: 'the cache' });
  return places;
}
