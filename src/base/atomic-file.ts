import { open, rename, rm } from 'node:fs/promises';
import { dirname } from 'node:path';
import { ConvoyError } from './errors.js';
import { partOf } from './part-file.js';

/**
 * Writes a file whole or not at all: into a new file beside it, synced, then renamed over the old one, and the folder
 * synced so that the rename itself survives a power cut.
 *
 * @throws ConvoyError `CONVOY_DISK` naming the file; the old file, if any, is untouched and no part file is left.
 */
export async function writeFileAtomic(path: string, parts: readonly (Uint8Array | string)[]): Promise<void> {
  return writePartsAtomic(path, parts);
}

/** The same, of parts that are made one after the other; an error of theirs is thrown as it is. */
export async function writePartsAtomic(
  path: string,
  parts: Iterable<Uint8Array | string> | AsyncIterable<Uint8Array | string>,
): Promise<void> {
  const part = partOf(path);
  try {
    const file = await open(part, 'wx');
    try {
      for await (const data of parts) await file.writeFile(data);
      await file.sync();
    } finally {
      await file.close();
    }
    await rename(part, path);
    await syncFolder(dirname(path));
  } catch (error) {
    await rm(part, { force: true }).catch(() => undefined);
    throw error instanceof ConvoyError ? error : diskError(path, error);
  }
}

/** Makes sure that names in a folder survive a power cut. */
export async function syncFolder(path: string): Promise<void> {
  const folder = await open(path, 'r');
  try {
    await folder.sync();
  } finally {
    await folder.close();
  }
}

/** What a person calls the errors of the file system that are not a program's fault. */
const reasons: Readonly<Record<string, string>> = {
  ENOSPC: 'the disk is full',
  EDQUOT: 'the disk quota is used up',
  EFBIG: 'it would be larger than the system allows',
  EACCES: 'the place is not writable',
  EPERM: 'the place is not writable',
  EROFS: 'the place is not writable',
  ENOENT: 'the folder does not exist',
  ENOTDIR: 'a part of its path is a file, not a folder',
  EEXIST: 'a file is in the way',
};

/** An error of the file system as a user should read it. */
export function diskError(path: string, error: unknown): ConvoyError {
  const { code = '', message } = error as NodeJS.ErrnoException;
  return new ConvoyError(
    'CONVOY_DISK',
    `${path}: expected to write here but ${reasons[code] ?? message}`,
    { file: path },
    error,
  );
}
