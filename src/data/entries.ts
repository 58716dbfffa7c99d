import { stat } from 'node:fs/promises';
import path from 'node:path';

/** What lies at a path; undefined for nothing, or nothing that can be read. */
export async function entryKind(place: string): Promise<'file' | 'folder' | undefined> {
  const facts = await stat(place).catch(() => undefined);
  if (facts === undefined) return undefined;
  return facts.isDirectory() ? 'folder' : facts.isFile() ? 'file' : undefined;
}

/** The first of `names` that is a file (or folder) in `folder`. */
export async function firstEntry(
  folder: string,
  names: readonly string[],
  kind: 'file' | 'folder',
): Promise<string | undefined> {
  for (const name of names) {
    const candidate = path.join(folder, name);
    if ((await entryKind(candidate)) === kind) return candidate;
  }
  return undefined;
}
