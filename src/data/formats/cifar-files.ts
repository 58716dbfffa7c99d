/** What both versions of CIFAR share: several files in a folder or archive, of images plane by plane. */
import { readFile } from 'node:fs/promises';
import path from 'node:path';
import { fileError } from '../../base/errors.js';
import { archiveFiles, isArchiveName } from '../archive.js';
import { errorText } from '../bytes.js';
import { type DecodedSet, loadDecoded, saveDecoded } from '../decoded-cache.js';
import { archiveIdentity } from '../image-source.js';

/** Pixels of one image: 32x32. */
const planeBytes = 32 * 32;
/** Bytes of one image: the red plane, the green, the blue. */
export const cifarImageBytes = 3 * planeBytes;

/** One of the files. */
export interface CifarFile {
  /** How errors call it. */
  readonly file: string;
  readonly bytes: Uint8Array;
}

/**
 * The files called `names` in a folder or tar(.gz) archive.
 *
 * @throws ConvoyError `CONVOY_DATA` naming the first that is missing.
 */
export async function cifarFiles(
  source: string,
  names: readonly string[],
  signal?: AbortSignal,
): Promise<(name: string) => CifarFile> {
  const files = isArchiveName(source)
    ? await filesOfArchive(source, names, signal)
    : await filesOfFolder(source, names);
  return (name) => {
    const found = files.get(name);
    if (found === undefined) throw fileError('CONVOY_DATA', source, '', `a file ${name}`, 'none');
    return found;
  };
}

async function filesOfFolder(folder: string, names: readonly string[]): Promise<Map<string, CifarFile>> {
  const files = new Map<string, CifarFile>();
  for (const name of names) {
    const file = path.join(folder, name);
    const bytes = await readFile(file).catch((error: unknown) => {
      throw fileError('CONVOY_DATA', file, '', 'a readable file', errorText(error), error);
    });
    files.set(name, { file, bytes });
  }
  return files;
}

async function filesOfArchive(
  archive: string,
  names: readonly string[],
  signal?: AbortSignal,
): Promise<Map<string, CifarFile>> {
  const files = new Map<string, CifarFile>();
  for await (const entry of archiveFiles(archive, signal)) {
    const name = path.posix.basename(entry.path);
    if (names.includes(name)) files.set(name, { file: `${archive}: ${entry.path}`, bytes: await entry.read() });
  }
  return files;
}

/** Planes of red, green and blue to pixels, channels last. */
export function interleave(planes: Uint8Array, pixels: Uint8Array, to: number): void {
  for (let pixel = 0; pixel < planeBytes; pixel++) {
    pixels[to + 3 * pixel] = planes[pixel] ?? 0;
    pixels[to + 3 * pixel + 1] = planes[planeBytes + pixel] ?? 0;
    pixels[to + 3 * pixel + 2] = planes[2 * planeBytes + pixel] ?? 0;
  }
}

/** The set of a source: pixels of an archive are kept in the cache, since unpacking takes seconds. */
export async function keptOfArchive(
  source: string,
  version: string,
  name: string,
  read: () => Promise<DecodedSet>,
): Promise<DecodedSet> {
  if (!isArchiveName(source)) return read();
  const key = JSON.stringify([version, name, await archiveIdentity(source)]);
  const kept = await loadDecoded(key);
  if (kept !== undefined) return kept;
  const set = await read();
  await saveDecoded(key, set);
  return set;
}
