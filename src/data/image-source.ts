import { createHash } from 'node:crypto';
import { readdir, readFile, realpath, stat } from 'node:fs/promises';
import path from 'node:path';
import { ConvoyError, fileError } from '../base/errors.js';
import { archiveFiles, isArchiveName } from './archive.js';
import { errorText } from './bytes.js';
import { byName, isImageName } from './layout.js';
import { limits } from './limits.js';
import { checkAborted } from './options.js';

/** An encoded image, read when asked for. */
export interface EncodedImage {
  readonly path: string;
  readonly read: () => Promise<Buffer>;
}

/** What an image folder or archive holds. */
export interface Listing {
  /** Bytes of each file by its path, with `/`. */
  readonly files: ReadonlyMap<string, number>;
  readonly folders: readonly string[];
  /** Text that changes when a file does. */
  readonly identity: string;
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
      for await (const file of archiveFiles(archive, signal)) if (isImageName(file.path)) yield file;
    },
    async list(signal) {
      const files = new Map<string, number>();
      const folders: string[] = [];
      for await (const file of archiveFiles(archive, signal, (folder) => folders.push(folder))) {
        files.set(file.path, file.bytes);
      }
      return { files, folders, identity: await archiveIdentity(archive) };
    },
  };
}

/** Text that changes when the archive does; cheap, so that a second start need not read it. */
export async function archiveIdentity(archive: string): Promise<string> {
  const { size, mtimeMs } = await stat(archive);
  return JSON.stringify([await realpath(archive), size, mtimeMs]);
}

/** Folders below a class that are followed: enough for any real tree, and an end for links that go in circles. */
export const deepestFolder = 8;

/** A folder of images that is there. */
export function folderSource(folder: string): ImageSource {
  const list = async (signal?: AbortSignal): Promise<Listing> => {
    const files = new Map<string, number>();
    const folders: string[] = [];
    const hash = createHash('sha256');
    const walk = async (below: string, depth: number): Promise<void> => {
      checkAborted(signal, `listing ${folder}`);
      const names = (await readdir(path.join(folder, below))).sort(byName);
      // Stats go in groups: one by one they take longer than the decoding.
      for (let start = 0; start < names.length; start += 64) {
        const group = names.slice(start, start + 64).map((name) => (below === '' ? name : `${below}/${name}`));
        const facts = await Promise.all(group.map((name) => stat(path.join(folder, name))));
        for (const [index, name] of group.entries()) {
          const fact = facts[index];
          if (fact?.isDirectory() && depth < deepestFolder) {
            folders.push(name);
            await walk(name, depth + 1);
          } else if (fact?.isFile()) {
            files.set(name, fact.size);
            hash.update(JSON.stringify([name, fact.size, fact.mtimeMs]));
          }
        }
      }
    };
    await walk('', 0).catch((error: unknown) => {
      if (error instanceof ConvoyError) throw error;
      throw fileError('CONVOY_DATA', folder, '', 'a readable folder', errorText(error), error);
    });
    return { files, folders, identity: JSON.stringify([await realpath(folder), hash.digest('hex')]) };
  };
  return {
    kind: 'folder',
    path: folder,
    list,
    async *images(signal) {
      for (const name of (await list(signal)).files.keys()) {
        checkAborted(signal, `reading ${folder}`);
        if (isImageName(name)) yield { path: name, read: () => readFile(path.join(folder, name)) };
      }
    },
  };
}

/** Throws unless few enough images were left out. */
export function checkSkipped(source: string, skipped: number, total: number, first: string): void {
  if (skipped <= total * limits.skippedShare) return;
  const expected = `at most ${limits.skippedShare * 100}% bad images`;
  throw fileError('CONVOY_DATA', source, '', expected, `${skipped} of ${total}, the first ${first}`);
}
