/** Whether a folder holds a run, and whose it is. */
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { ConvoyError, fileError, valueError } from '../base/errors.js';
import { holderText, LockFile } from '../base/lock-file.js';

/** Name of the file that is there while a process trains in a run folder. */
export const lockName = 'run.lock';

/** @throws ConvoyError `CONVOY_OPTION` where a folder holds a run. */
export function refuseRun(path: string): void {
  if (!existsSync(join(path, 'config.json'))) return;
  throw valueError('the run folder', `a new folder (to go on with the run in it use --resume ${path})`, path);
}

/** @throws ConvoyError `CONVOY_CHECKPOINT` where a folder holds none. */
export function needRun(path: string): void {
  if (existsSync(join(path, 'config.json'))) return;
  throw fileError(
    'CONVOY_CHECKPOINT',
    path,
    '',
    'a run folder with a config.json',
    existsSync(path) ? 'none' : 'no such folder',
  );
}

/**
 * Takes a run folder for this process.
 *
 * @param onNote told when the process that was at it before had no time to leave it in order.
 * @throws ConvoyError `CONVOY_LOCKED` when another process is at it.
 */
export async function takeLock(path: string, onNote?: (note: string) => void): Promise<LockFile> {
  const file = join(path, lockName);
  const attempt = await LockFile.take(file);
  if ('heldBy' in attempt) {
    const text = `${path}: expected a run folder that no other process is at but ${holderText(attempt.heldBy)}, trains in it; wait for it or end it (if it is no more, remove ${file})`;
    throw new ConvoyError('CONVOY_LOCKED', text, { file, ...attempt.heldBy });
  }
  if (attempt.from !== undefined)
    onNote?.(`${path} was left by ${holderText(attempt.from)}, which has ended without a word; taken over`);
  return attempt.lock;
}
