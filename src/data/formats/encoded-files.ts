/** Files of a format that hold encoded images and labels. */
import { readdir, realpath, stat } from 'node:fs/promises';
import path from 'node:path';
import { entryKind } from '../entries.js';
import { byName, type SplitName, splitOf } from '../names.js';
import type { ImageExample } from './tf-features.js';

/** Files by split, in the order of their names; all lie in one folder. */
export type Files = ReadonlyMap<SplitName, readonly string[]>;

/** An example and where it is. */
export interface Placed extends ImageExample {
  readonly file: string;
  /** For messages. */
  readonly place: string;
  /** First byte of the encoded image in the file, where it lies there as it is. */
  readonly offset?: number | undefined;
}

/** Files and how they are read. */
export interface EncodedFiles {
  readonly files: Files;
  /** The examples of files, one after the other; called twice. */
  readonly examples: (paths: readonly string[]) => AsyncIterable<Placed>;
  /** Names of classes, where the files say them. */
  readonly names?: readonly string[] | undefined;
}

/** A file of a format, or a folder of them: files by split, or undefined. */
export async function filesAt(place: string, fileName: RegExp): Promise<Files | undefined> {
  if ((await entryKind(place)) === 'file') return fileName.test(place) ? new Map([['train', [place]]]) : undefined;
  const found = (await readdir(place).catch(() => [])).filter((name) => fileName.test(name)).sort(byName);
  if (found.length === 0) return undefined;
  const files = new Map<SplitName, string[]>();
  for (const name of found) {
    const split = splitIn(name.replace(fileName, ''));
    files.set(split, [...(files.get(split) ?? []), path.join(place, name)]);
  }
  return files;
}

/** The split that a word of a file's name says: `mnist-train`. */
function splitIn(name: string): SplitName {
  const words = name.split(/[^A-Za-z]+/);
  return words.map((word) => splitOf(word)).find((split) => split !== undefined) ?? 'train';
}

/** Tells whether files are the same as before: paths, sizes, times of change. */
export async function identityOf(files: Files): Promise<unknown> {
  return Promise.all(
    [...files].map(async ([split, paths]) => [
      split,
      ...(await Promise.all(
        paths.map(async (file) => [await realpath(file), (await stat(file)).size, (await stat(file)).mtimeMs]),
      )),
    ]),
  );
}
