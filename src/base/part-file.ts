import { randomBytes } from 'node:crypto';
import { readdir, rm, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { hasEnded, thisProcess } from './process-identity.js';

/** Last letters of the name of a file or folder that is being written. */
export const partEnding = '.part';

const partName = /\.([0-9a-f]{8})-(\d+)-(\d*)-[0-9a-f]{8}\.part$/;
/** A part whose writer can't be seen from here is taken for left behind after this time without a change. Milliseconds. */
const forgottenAfter = 7 * 24 * 60 * 60 * 1000;

/**
 * A name beside `path` for what will be renamed to `path` once it is whole: random, so that no two writers share one,
 * whatever their process numbers, and telling who writes, so that others can tell what a killed process left.
 */
export function partOf(path: string): string {
  const { space, pid, started } = thisProcess();
  return `${path}.${space}-${pid}-${started}-${randomBytes(4).toString('hex')}${partEnding}`;
}

/** Whether the process that wrote a part has ended; undefined for a part that doesn't say, or whose writer can't be seen. */
function writerHasEnded(name: string): boolean | undefined {
  const [, space, pid, started] = partName.exec(name) ?? [];
  if (space === undefined || started === undefined) return undefined;
  return hasEnded({ host: '', space, pid: Number(pid), started });
}

/** Names in a folder, of parts of any file, or those of the file `of`, that no process writes any more. */
export async function deadParts(folder: string, of = ''): Promise<string[]> {
  const names = (await readdir(folder).catch(() => [] as string[])).filter(
    (name) => name.endsWith(partEnding) && (of === '' || name.startsWith(`${of}.`)),
  );
  const dead = await Promise.all(
    names.map(async (name) => {
      const ended = writerHasEnded(name);
      if (ended !== undefined) return ended;
      const facts = await stat(join(folder, name)).catch(() => undefined);
      return facts !== undefined && Date.now() - facts.mtimeMs > forgottenAfter;
    }),
  );
  return names.filter((_, index) => dead[index]);
}

/** Removes what processes that were killed have left half written in a folder, or of its file `of`. What can't be removed stays. */
export async function removeDeadParts(folder: string, of = ''): Promise<void> {
  for (const name of await deadParts(folder, of)) {
    await rm(join(folder, name), { recursive: true, force: true }).catch(() => undefined); // tried again next time
  }
}
