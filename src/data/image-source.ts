import { readFile, realpath, stat } from 'node:fs/promises';
import path from 'node:path';
import { fileError } from '../base/errors.js';
import { unreadableImage } from '../images/index.js';
import { archiveFiles, isArchiveName } from './archive.js';
import { type ArchiveLink, followLinks } from './archive-links.js';
import { errorText } from './bytes.js';
import { listFolder } from './folder-listing.js';
import { limits } from './limits.js';
import type { ListedFile, Listing } from './listing.js';
import { hasLeftover, isImageName } from './names.js';
import { type BadImage, checkAborted } from './options.js';

/** An encoded image, read when asked for. */
interface EncodedImage {
  readonly path: string;
  /** The image before it whose bytes it has: nothing is read for it. */
  readonly sameAs?: string;
  /** @throws BadImageError when the file cannot be read. */
  readonly read: () => Promise<Buffer>;
}

/** A folder or archive of images. */
export interface ImageSource {
  readonly kind: 'folder' | 'archive';
  /** Absolute path. */
  readonly path: string;
  /** Every image in the order that is quickest to read. An archive's `read` must be called before the next image. */
  images(signal?: AbortSignal): AsyncGenerator<EncodedImage, void, undefined>;
  list(signal?: AbortSignal): Promise<Listing>;
}

/**
 * The image folder or tar(.gz) archive at `source`.
 *
 * @throws ConvoyError `CONVOY_DATA` when there is none.
 */
export async function imageSource(source: string): Promise<ImageSource> {
  const absolute = path.resolve(source);
  const facts = await stat(absolute).catch((error: unknown) => {
    throw fileError('CONVOY_DATA', absolute, '', 'an image folder or tar(.gz) archive', errorText(error), error);
  });
  if (facts.isDirectory()) return folderSource(absolute);
  if (isArchiveName(absolute)) return archiveSource(absolute);
  throw fileError('CONVOY_DATA', absolute, '', 'a folder, or a file called .tar, .tar.gz or .tgz', 'another file');
}

/** A tar(.gz) archive of images that is there. */
export function archiveSource(archive: string): ImageSource {
  return {
    kind: 'archive',
    path: archive,
    async *images(signal) {
      for await (const file of archiveFiles(archive, signal)) {
        if (file.link === undefined && isImageName(file.path) && !hasLeftover(file.path)) yield file;
      }
    },
    async list(signal) {
      const files = new Map<string, ListedFile>();
      const folders: string[] = [];
      const links: ArchiveLink[] = [];
      const addFolder = (folder: string): void => {
        if (folder !== '' && !hasLeftover(folder)) folders.push(folder);
      };
      for await (const { path: name, bytes, sameAs, link } of archiveFiles(archive, signal, addFolder)) {
        if (hasLeftover(name)) continue;
        if (link !== undefined) links.push({ path: name, to: link.to });
        else files.set(name, { bytes, ...(sameAs !== undefined && { sameAs }) });
      }
      return { files, folders, links: followLinks(links, files, folders), identity: await archiveIdentity(archive) };
    },
  };
}

/** Text that changes when the archive does; cheap, so that a second start need not read it. */
export async function archiveIdentity(archive: string): Promise<string> {
  const { size, mtimeMs } = await stat(archive);
  return JSON.stringify([await realpath(archive), size, mtimeMs]);
}

/** A folder of images that is there. */
export function folderSource(folder: string): ImageSource {
  return {
    kind: 'folder',
    path: folder,
    list: (signal) => listFolder(folder, signal),
    async *images(signal) {
      for (const [name, { problem }] of (await listFolder(folder, signal)).files) {
        checkAborted(signal, `reading ${folder}`);
        if (!isImageName(name) || problem !== undefined) continue;
        const read = (): Promise<Buffer> =>
          readFile(path.join(folder, name)).catch((error: unknown) => {
            throw unreadableImage(error);
          });
        yield { path: name, read };
      }
    },
  };
}

/** Bad images that an error names. */
const mostNamed = 3;

/** Throws unless few enough images of the whole set were left out: one in a hundred, or one. */
export function checkSkipped(source: string, bad: readonly BadImage[], total: number): void {
  if (bad.length <= Math.max(1, total * limits.skippedShare)) return;
  const named = bad.slice(0, mostNamed).map(({ file, reason }) => `${file} (${reason})`);
  const more = bad.length > mostNamed ? `; and ${bad.length - mostNamed} more` : '';
  const expected = `at most ${limits.skippedShare * 100}% bad images`;
  const found = `${bad.length} of ${total}, which are to be mended or removed: ${named.join('; ')}${more}`;
  throw fileError('CONVOY_DATA', source, '', expected, found);
}
