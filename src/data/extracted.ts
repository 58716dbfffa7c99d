/** Archives of photographs, taken apart in the cache: so large that they are read from files. */
import { createHash } from 'node:crypto';
import { mkdir, readdir, rename, rm, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { syncFolder } from '../base/atomic-file.js';
import { ConvoyError, fileError } from '../base/errors.js';
import { partEnding, partOf, removeDeadParts } from '../base/part-file.js';
import { errorText } from './bytes.js';
import {
  archiveIdentity,
  archiveSource,
  deepestFolder,
  folderSource,
  type ImageSource,
  type Listing,
} from './image-source.js';
import { extractedFolder } from './places.js';

/** First part of the name of the folder with an archive's images; the second tells what must be in it. */
async function nameOf(archive: string): Promise<string> {
  const hash = createHash('sha256').update(await archiveIdentity(archive));
  return hash.digest('hex').slice(0, 32);
}

/** Tells files and their sizes, so that a folder from which some have gone is not taken for the whole. */
function contentOf(files: ReadonlyMap<string, number>): string {
  const sorted = [...files].sort(([a], [b]) => (a < b ? -1 : 1));
  return createHash('sha256').update(JSON.stringify(sorted)).digest('hex').slice(0, 16);
}

/** The folder with the archive's images, when they have been taken out before and are all there. */
export async function extractedArchive(archive: string, signal?: AbortSignal): Promise<ImageSource | undefined> {
  const start = `${await nameOf(archive)}.`;
  const names = await readdir(extractedFolder()).catch(() => [] as string[]);
  for (const name of names.filter((one) => one.startsWith(start) && !one.endsWith(partEnding))) {
    const folder = path.join(extractedFolder(), name);
    const source = folderSource(folder);
    const listing = await source.list(signal);
    if (name === start + contentOf(listing.files)) return listed(source, listing);
    await rm(folder, { recursive: true, force: true }); // damaged: it is made anew
  }
  return undefined;
}

/**
 * Takes the images of an archive out into the cache, whole or not at all; processes that do so at one time don't meet.
 *
 * @throws ConvoyError `CONVOY_DATA` for a hostile or damaged archive, `CONVOY_DISK` when files cannot be written.
 */
export async function extractArchive(
  archive: string,
  onFile: (done: number) => void,
  signal?: AbortSignal,
): Promise<ImageSource> {
  const name = await nameOf(archive);
  const part = partOf(path.join(extractedFolder(), name));
  const files = new Map<string, number>();
  try {
    for await (const image of archiveSource(archive).images(signal)) {
      const names = image.path.split('/');
      if (names.length > deepestFolder + 1) continue; // where no folder of images is followed either
      const file = path.join(part, ...names);
      const content = await image.read();
      await mkdir(path.dirname(file), { recursive: true });
      await writeFile(file, content);
      files.set(image.path, content.length); // of two entries with one name the later counts, as in the folder
      onFile(files.size);
    }
    if (files.size === 0) throw fileError('CONVOY_DATA', archive, '', 'images in class folders', 'none');
    const written = await folderSource(part).list(signal);
    if (contentOf(written.files) !== contentOf(files)) {
      throw fileError('CONVOY_DISK', part, '', 'the files just written', 'others (is the disk full or damaged?)');
    }
    const folder = path.join(extractedFolder(), `${name}.${contentOf(files)}`);
    await rename(part, folder).catch(async (error: unknown) => {
      // Another process was quicker: what it has put there is the same.
      if ((await extractedArchive(archive, signal)) === undefined) throw error;
    });
    await syncFolder(extractedFolder());
    return folderSource(folder);
  } catch (error) {
    if (error instanceof ConvoyError) throw error;
    throw new ConvoyError(
      'CONVOY_DISK',
      `Cannot take ${archive} apart in ${extractedFolder()}: ${errorText(error)}`,
      { file: extractedFolder() },
      error,
    );
  } finally {
    await rm(part, { recursive: true, force: true });
    await removeDeadParts(extractedFolder());
  }
}

/** A source whose listing is known already. */
function listed(source: ImageSource, listing: Listing): ImageSource {
  return { ...source, list: async () => listing };
}
