import { randomUUID } from 'node:crypto';
import { open, rename, rm } from 'node:fs/promises';
import { dirname } from 'node:path';
import { ConvoyError } from './errors.js';

/** Last letters of the name of a file that is being written. */
export const partEnding = '.part';

/**
 * Writes a file whole or not at all: into a new file beside it, synced, then renamed over the old one, and the folder
 * synced so that the rename itself survives a power cut.
 *
 * @throws ConvoyError `CONVOY_DISK` naming the file; the old file, if any, is untouched and no part file is left.
 */
export async function writeFileAtomic(path: string, parts: readonly (Uint8Array | string)[]): Promise<void> {
  const part = `${path}.${randomUUID().slice(0, 8)}${partEnding}`;
  try {
    const file = await open(part, 'wx');
    try {
      for (const data of parts) await file.writeFile(data);
      await file.sync();
    } finally {
      await file.close();
    }
    await rename(part, path);
    const folder = await open(dirname(path), 'r');
    try {
      await folder.sync();
    } finally {
      await folder.close();
    }
  } catch (error) {
    await rm(part, { force: true }).catch(() => undefined);
    throw diskError(path, error);
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
