/** Archives of photographs, taken apart in the cache: so large that they are read from files. */
import { createHash } from 'node:crypto';
import { copyFile, mkdir, readdir, readFile, rename, rm, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { z } from 'zod';
import { syncFolder } from '../base/atomic-file.js';
import { ConvoyError, fileError } from '../base/errors.js';
import { partEnding, partOf, removeDeadParts } from '../base/part-file.js';
import { errorText } from './bytes.js';
import { archiveIdentity, archiveSource, folderSource, type ImageSource } from './image-source.js';
import type { ListedFile, Listing } from './listing.js';
import { isImageName } from './names.js';
import { extractedFolder } from './places.js';

/** Grows with every change of what is taken out. */
const extractingVersion = 3;

/** First part of the name of the folder with an archive's images; the second tells what must be in it. */
async function nameOf(archive: string): Promise<string> {
  const hash = createHash('sha256').update(JSON.stringify([extractingVersion, await archiveIdentity(archive)]));
  return hash.digest('hex').slice(0, 32);
}

/** Tells files and their sizes, so that a folder from which some have gone is not taken for the whole. */
function contentOf(files: ReadonlyMap<string, Pick<ListedFile, 'bytes'>>): string {
  const sorted = [...files].map(([file, { bytes }]) => [file, bytes] as const).sort(([a], [b]) => (a < b ? -1 : 1));
  return createHash('sha256').update(JSON.stringify(sorted)).digest('hex').slice(0, 16);
}

/** The folder with the archive's images, when they have been taken out before and are all there. */
export async function extractedArchive(archive: string, signal?: AbortSignal): Promise<ImageSource | undefined> {
  const start = `${await nameOf(archive)}.`;
  const names = await readdir(extractedFolder()).catch(() => [] as string[]);
  for (const name of names.filter((one) => one.startsWith(start) && !one.endsWith(partEnding))) {
    const folder = path.join(extractedFolder(), name);
    const listing = await folderSource(folder).list(signal);
    const rest = await readRest(folder);
    if (rest !== undefined && name === start + contentOf(listing.files)) return extractedSource(folder, rest);
    await rm(folder, { recursive: true, force: true }); // damaged: it is made anew
  }
  return undefined;
}

/**
 * Takes the images of an archive out into the cache, whole or not at all; processes that do so at one time don't meet.
 *
 * @param whole the archive's own listing: it tells what is in it besides images that can be taken out.
 * @throws ConvoyError `CONVOY_DATA` for a hostile or damaged archive, `CONVOY_DISK` when files cannot be written.
 */
export async function extractArchive(
  archive: string,
  whole: Listing,
  onFile: (done: number) => void,
  signal?: AbortSignal,
): Promise<ImageSource> {
  const rest = restOf(whole);
  const name = await nameOf(archive);
  const part = partOf(path.join(extractedFolder(), name));
  const files = new Map<string, Pick<ListedFile, 'bytes'>>();
  try {
    for await (const image of archiveSource(archive).images(signal)) {
      const file = path.join(part, ...image.path.split('/'));
      await mkdir(path.dirname(file), { recursive: true });
      // Of two entries with one name the later counts, as in the folder.
      if (image.sameAs === undefined) {
        const content = await image.read();
        await writeFile(file, content);
        files.set(image.path, { bytes: content.length });
      } else {
        await copyFile(path.join(part, ...image.sameAs.split('/')), file);
        files.set(image.path, { bytes: files.get(image.sameAs)?.bytes ?? 0 });
      }
      onFile(files.size);
    }
    if (files.size === 0) throw fileError('CONVOY_DATA', archive, '', 'images in class folders', 'none');
    await writeFile(path.join(part, restName), JSON.stringify(rest));
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
    return extractedSource(folder, rest);
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

/** What an archive holds besides images that can be taken out, for the same notes and errors as of the archive. */
const restSchema = z.object({
  files: z.array(z.tuple([z.string(), z.object({ bytes: z.number(), problem: z.string().optional() })])),
  folders: z.array(z.string()),
  links: z.array(
    z.object({
      path: z.string(),
      kept: z.string().optional(),
      keptIsLink: z.boolean(),
      lost: z.enum(['to nothing', 'out of the archive']).optional(),
    }),
  ),
});
type Rest = z.infer<typeof restSchema>;
/** Hidden, so that it is no file of the dataset. */
const restName = '.convoy-archive.json';

function restOf({ files, folders, links }: Listing): Rest {
  const rest = [...files].filter(([name, { problem }]) => problem !== undefined || !isImageName(name));
  const told = rest.map(([name, { bytes, problem }]): Rest['files'][number] => [name, { bytes, problem }]);
  return { files: told, folders: [...folders], links: [...links] };
}

async function readRest(folder: string): Promise<Rest | undefined> {
  try {
    return restSchema.parse(JSON.parse(await readFile(path.join(folder, restName), 'utf8')));
  } catch {
    return undefined; // damaged: the archive is taken apart anew
  }
}

/** The folder as a source that lists what the archive does. */
function extractedSource(folder: string, { files, folders, links }: Rest): ImageSource {
  const source = folderSource(folder);
  return {
    ...source,
    list: async (signal) => {
      const listing = await source.list(signal);
      const others = files.map(([name, { bytes, problem }]): [string, ListedFile] => [
        name,
        { bytes, ...(problem !== undefined && { problem }) },
      ]);
      return {
        files: new Map<string, ListedFile>([...listing.files, ...others]),
        folders,
        links: links.map(({ path: link, kept, keptIsLink, lost }) => ({
          path: link,
          keptIsLink,
          ...(kept !== undefined && { kept }),
          ...(lost !== undefined && { lost }),
        })),
        identity: listing.identity,
      };
    },
  };
}
