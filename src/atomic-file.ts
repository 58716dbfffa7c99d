import { randomUUID } from 'node:crypto';
import { open, rename, rm } from 'node:fs/promises';
import { dirname } from 'node:path';
import { ConvoyError } from './errors.js';

/**
 * Writes a file whole or not at all: into a new file beside it, synced, then renamed over the old one, and the folder
 * synced so that the rename itself survives a power cut.
 *
 * @throws ConvoyError `CONVOY_DISK` naming the file; the old file, if any, is untouched and no part file is left.
 */
export async function writeFileAtomic(path: string, parts: readonly (Uint8Array | string)[]): Promise<void> {
  const part = `${path}.${randomUUID().slice(0, 8)}.part`;
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

/** An error of the file system as a user should read it. */
export function diskError(path: string, error: unknown): ConvoyError {
  const code = (error as NodeJS.ErrnoException).code ?? '';
  const reason =
    code === 'ENOSPC'
      ? 'the disk is full'
      : code === 'EACCES' || code === 'EPERM' || code === 'EROFS'
        ? 'the place is not writable'
        : code === 'ENOENT'
          ? 'the folder does not exist'
          : (error as Error).message;
  return new ConvoyError('CONVOY_DISK', `${path}: expected to write this file but ${reason}`, { file: path }, error);
}
