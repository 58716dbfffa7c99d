import { mkdir, rmdir } from 'node:fs/promises';
import { dirname, join, resolve } from 'node:path';
import { diskError } from '../base/atomic-file.js';

/** Removes `folder` and those above it up to `uppermost`, as far as they are empty. */
export async function removeEmptyFolders(folder: string, uppermost: string): Promise<void> {
  const last = resolve(uppermost);
  for (let at = resolve(folder); ; at = dirname(at)) {
    const removed = await rmdir(at).then(
      () => true,
      () => false, // something is in it
    );
    if (!removed || at === last) return;
  }
}

/** A new folder, made for one run. */
export interface NumberedFolder {
  readonly path: string;
  /** Removes it if no run began in it. */
  discardEmpty(): Promise<void>;
}

/**
 * Makes `PARENT/NAME-N` with the first N that is free: of processes that start at one moment each gets its own.
 *
 * @throws ConvoyError `CONVOY_DISK` when it cannot be made.
 */
export async function makeNumberedFolder(parent: string, name: string): Promise<NumberedFolder> {
  try {
    const made = await mkdir(parent, { recursive: true });
    for (let number = 1; ; number++) {
      const path = join(parent, `${name}-${number}`);
      if (await makeFolder(path)) return { path, discardEmpty: () => removeEmptyFolders(path, made ?? path) };
    }
  } catch (error) {
    throw diskError(parent, error);
  }
}

async function makeFolder(path: string): Promise<boolean> {
  try {
    await mkdir(path);
    return true;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'EEXIST') return false;
    throw error;
  }
}

/** `runs/NAME-N`: where a run or a report goes unless it is told. */
export function makeRunFolder(name: string): Promise<NumberedFolder> {
  return makeNumberedFolder('runs', name);
}
