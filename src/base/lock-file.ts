import { randomUUID } from 'node:crypto';
import { type FileHandle, link, open, readFile, rename, rm, stat, writeFile } from 'node:fs/promises';
import { hostname } from 'node:os';
import { basename, dirname } from 'node:path';
import { setTimeout as wait } from 'node:timers/promises';
import { z } from 'zod';
import { diskError } from './atomic-file.js';
import { partOf, removeDeadParts } from './part-file.js';
import { hasEnded, thisProcess } from './process-identity.js';

/** What a lock's file says of its holder. */
const holderSchema = z.object({
  /** Of this one taking of the lock. */
  id: z.string(),
  host: z.string(),
  pid: z.number(),
  started: z.string(),
  space: z.string(),
  /** When it was taken, for people. */
  since: z.string(),
});

/** Who holds a lock. */
export type LockHolder = z.output<typeof holderSchema>;

/** A holder that can't be seen from here shows that it lives by writing its file anew this often. Milliseconds. */
const signOfLifeEvery = 15_000;
/** Without a sign for this long such a holder counts as ended; eight signs may be missing. */
const silentFor = 120_000;
/** A file that doesn't say who holds it is being written, or its writer was killed at it. */
const namedWithin = 10_000;
/** Taking over a lock takes no time; somebody who is at it is waited for. */
const retryAfter = 50;

/** How an attempt to take a lock ended. */
export type LockAttempt =
  | { readonly lock: LockFile /** Whose lock was taken over, for it had ended. */; readonly from?: LockHolder }
  | { readonly heldBy: LockHolder };

/**
 * A file that one process at a time can hold, on any file system that several machines may share: it is made exclusively
 * and says who holds it, by host, process and start time. The lock of a process that has ended is taken over.
 */
export class LockFile {
  readonly #path: string;
  readonly #handle: FileHandle;
  readonly #timer: NodeJS.Timeout;

  private constructor(path: string, handle: FileHandle, text: string) {
    this.#path = path;
    this.#handle = handle;
    // Through the handle: should another have taken the lock over, its file is another one.
    this.#timer = setInterval(() => void handle.write(text, 0).catch(() => undefined), signOfLifeEvery).unref();
  }

  /**
   * Takes the lock, if nobody who lives holds it.
   *
   * @throws ConvoyError `CONVOY_DISK` when the file cannot be written.
   */
  static async take(path: string): Promise<LockAttempt> {
    const holder: LockHolder = { id: randomUUID(), ...thisProcess(), since: new Date().toISOString() };
    const text = `${JSON.stringify(holder)}\n`;
    try {
      for (;;) {
        if (await makeExclusively(path, text)) return { lock: await LockFile.#taken(path, text) };
        const found = await holderOf(path);
        if (found === undefined) continue; // released meanwhile
        if (found === 'unnamed') await wait(retryAfter);
        else if (!(await isDead(path, found))) return { heldBy: found };
        else if (await replace(path, found, text)) return { lock: await LockFile.#taken(path, text), from: found };
      }
    } catch (error) {
      throw diskError(path, error);
    }
  }

  static async #taken(path: string, text: string): Promise<LockFile> {
    // Processes that were killed while they made the file have left it under another name.
    await removeDeadParts(dirname(path), basename(path));
    return new LockFile(path, await open(path, 'r+'), text);
  }

  /** Whether the lock is still this one: a process that was stopped for minutes may have lost it to another machine. */
  async isHeld(): Promise<boolean> {
    const [there, own] = await Promise.all([stat(this.#path).catch(() => undefined), this.#handle.stat()]);
    return there !== undefined && there.ino === own.ino && there.dev === own.dev;
  }

  async release(): Promise<void> {
    clearInterval(this.#timer);
    if (await this.isHeld()) await rm(this.#path, { force: true });
    await this.#handle.close();
  }
}

/** Who holds a lock, in words. */
export function holderText({ host, pid, since }: LockHolder): string {
  const here = host === hostname() ? '' : ` on ${host}`;
  return `process ${pid}${here}, since ${since}`;
}

/** Makes the file with its text at once, or says that it is there. */
async function makeExclusively(path: string, text: string): Promise<boolean> {
  const part = partOf(path);
  await writeFile(part, text, { flag: 'wx' });
  try {
    await link(part, path);
    return true;
  } catch (error) {
    const { code = '' } = error as NodeJS.ErrnoException;
    if (code === 'EEXIST') return false;
    if (code === 'ENOENT') return false; // the holder tidied up; the caller looks again
    if (!['EPERM', 'ENOSYS', 'ENOTSUP', 'EOPNOTSUPP', 'EMLINK'].includes(code)) throw error;
    return await makeInPlace(path, text); // a file system without hard links
  } finally {
    await rm(part, { force: true });
  }
}

async function makeInPlace(path: string, text: string): Promise<boolean> {
  try {
    await writeFile(path, text, { flag: 'wx' });
    return true;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'EEXIST') return false;
    throw error;
  }
}

async function holderOf(path: string): Promise<LockHolder | 'unnamed' | undefined> {
  const text = await readFile(path, 'utf8').catch((error: NodeJS.ErrnoException) => {
    if (error.code === 'ENOENT') return undefined;
    throw error;
  });
  if (text === undefined) return undefined;
  try {
    return holderSchema.parse(JSON.parse(text));
  } catch {
    const age = await silence(path);
    if (age < namedWithin) return 'unnamed';
    return { id: '', host: 'an unknown host', pid: 0, started: '', space: '', since: 'an unknown time' };
  }
}

async function isDead(path: string, holder: LockHolder): Promise<boolean> {
  return hasEnded(holder) ?? (await silence(path)) > silentFor;
}

/** Milliseconds since a file was written, by the clock of whoever keeps the files. */
async function silence(path: string): Promise<number> {
  const clock = partOf(path);
  try {
    await writeFile(clock, '');
    const [now, then] = [await stat(clock), await stat(path).catch(() => undefined)];
    return then === undefined ? 0 : now.mtimeMs - then.mtimeMs;
  } finally {
    await rm(clock, { force: true });
  }
}

/**
 * Puts a new lock in the place of a dead one. Who may do that is settled by a lock of its own, whose name is that of the
 * dead one's taking: so of several that find it dead one replaces it, and nobody replaces what has come in its place.
 */
async function replace(path: string, dead: LockHolder, text: string): Promise<boolean> {
  const successor = `${path}.after-${dead.id}`;
  if (!(await makeExclusively(successor, text))) {
    const other = await holderOf(successor);
    if (other === undefined) return false; // it is done
    if (other === 'unnamed' || !(await isDead(successor, other))) await wait(retryAfter);
    else if (!(await replace(successor, other, text))) return false;
    else return moveIfStill(successor, path, dead);
    return false;
  }
  return moveIfStill(successor, path, dead);
}

async function moveIfStill(successor: string, path: string, dead: LockHolder): Promise<boolean> {
  const found = await holderOf(path);
  if (found === undefined || found === 'unnamed' || found.id !== dead.id) {
    await rm(successor, { force: true });
    return false;
  }
  await rename(successor, path);
  return true;
}
