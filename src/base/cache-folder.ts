import { readdir, rm, stat, utimes } from 'node:fs/promises';
import { join } from 'node:path';

/** What was used within this time is never removed: another process may be about to read it. Milliseconds. */
const freshFor = 24 * 60 * 60 * 1000;

let warned = false;

/** Says once, as a warning of the process, that the cache can't be written: runs go on without it, more slowly. */
export function warnOfCache(place: string, error: unknown): void {
  if (warned) return;
  warned = true;
  const reason = error instanceof Error ? error.message : String(error);
  process.emitWarning(
    `Cannot write to the cache (${reason}), so ${place} and the like are made anew each time; $CONVOY_CACHE names another folder`,
  );
}

/** Notes that an entry of a cache was used; entries that are gone are no matter. */
export async function markUsed(path: string): Promise<void> {
  const now = new Date();
  await utimes(path, now, now).catch(() => undefined);
}

/**
 * Removes the entries of a cache folder, files or folders of files, that were not used for the longest time, until the rest
 * takes no more than `mostBytes`; none that was used within a day. What cannot be removed stays: a cache is a convenience.
 *
 * @returns the names of what was removed.
 */
export async function trimCache(folder: string, mostBytes: number, now = Date.now()): Promise<string[]> {
  const names = await readdir(folder).catch(() => []);
  const entries = await Promise.all(names.map((name) => entryOf(folder, name)));
  let total = entries.reduce((sum, { bytes }) => sum + bytes, 0);
  const removed: string[] = [];
  for (const { name, bytes, used } of entries.sort((a, b) => a.used - b.used)) {
    if (total <= mostBytes || now - used < freshFor) break;
    const gone = await rm(join(folder, name), { recursive: true, force: true }).then(
      () => true,
      () => false,
    );
    if (!gone) continue;
    total -= bytes;
    removed.push(name);
  }
  return removed;
}

async function entryOf(
  folder: string,
  name: string,
): Promise<{ readonly name: string; readonly bytes: number; readonly used: number }> {
  const path = join(folder, name);
  const own = await stat(path).catch(() => undefined);
  if (own === undefined) return { name, bytes: 0, used: 0 }; // another process has just removed it
  if (!own.isDirectory()) return { name, bytes: own.size, used: own.mtimeMs };
  const files = await readdir(path).catch(() => []);
  const sizes = await Promise.all(
    files.map((file) =>
      stat(join(path, file)).then(
        ({ size }) => size,
        () => 0,
      ),
    ),
  );
  return { name, bytes: sizes.reduce((sum, size) => sum + size, 0), used: own.mtimeMs };
}
