/** One set-up at a time: a folder that only one process can make. */
import { randomUUID } from 'node:crypto';
import { mkdirSync, readFileSync, renameSync, rmSync, statSync, writeFileSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';

const waitStep = 250; // milliseconds; a set-up takes some 20 seconds
const namingLimit = 10_000; // milliseconds that an owner may take to write its name; it does so at once
const waitLimit = 20 * 60_000; // more than the slowest set-up may take (see the timeout in run.mjs)

function ownerOf(folder) {
  try {
    return readFileSync(path.join(folder, 'owner'), 'utf8');
  } catch {
    return undefined; // being made or being removed at this moment
  }
}

/** False only when the owner certainly ended: it was a process of this machine that is no more. */
function mayLive(owner, folder) {
  if (owner === undefined) {
    const made = statSync(folder, { throwIfNoEntry: false })?.mtimeMs ?? Date.now();
    return Date.now() - made < namingLimit;
  }
  const [host, pid] = owner.split(' ');
  if (host !== os.hostname()) return true;
  try {
    process.kill(Number(pid), 0);
    return true;
  } catch (error) {
    return error.code !== 'ESRCH';
  }
}

/**
 * Waits until no other process sets up the same package, and returns the function that lets the next one in.
 *
 * @param {string} folder of the lock
 * @param {(owner: string) => void} onWait called once when there is another
 */
export async function takeLock(folder, onWait) {
  const self = `${os.hostname()} ${process.pid}`;
  const start = Date.now();
  for (let told = false; ; ) {
    try {
      mkdirSync(folder);
      writeFileSync(path.join(folder, 'owner'), self);
      return () => ownerOf(folder) === self && rmSync(folder, { recursive: true, force: true });
    } catch (error) {
      if (error.code !== 'EEXIST') throw error;
    }
    const owner = ownerOf(folder);
    if (!mayLive(owner, folder)) {
      // Renaming succeeds for one process only, so that two that wait don't both remove it.
      const stale = `${folder}.${randomUUID()}`;
      try {
        renameSync(folder, stale);
        // Another that waits may have been quicker, and have the lock by now: it gets it back.
        if (ownerOf(stale) !== owner) renameSync(stale, folder);
        rmSync(stale, { recursive: true, force: true });
      } catch (error) {
        if (error.code !== 'ENOENT') throw error;
      }
      continue;
    }
    if (Date.now() - start > waitLimit) throw new Error(`${folder} is held by ${owner}; remove it if nothing runs`);
    if (!told) onWait(owner ?? 'another process');
    told = true;
    await sleep(waitStep);
  }
}
