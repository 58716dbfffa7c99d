/** Files of annotated datasets: texts, lists, sizes of images. */
import { readFile, stat } from 'node:fs/promises';
import path from 'node:path';
import { fileError } from '../../base/errors.js';
import { BadImageError, imageSize, readImageFile, unreadable } from '../../images/index.js';
import { listFolder } from '../folder-listing.js';
import { isImageName } from '../names.js';

/** Largest file of annotations that is read, bytes: a text of more cannot be held. */
const largestText = 500 * 2 ** 20;

/** A text file, without a byte order mark. @throws ConvoyError `CONVOY_DATA`. */
export async function readText(file: string): Promise<string> {
  try {
    const { size } = await stat(file);
    if (size <= largestText) return (await readFile(file, 'utf8')).replace(/^\uFEFF/, '');
  } catch (error) {
    throw fileError('CONVOY_DATA', file, '', 'a readable file', unreadable(error), error);
  }
  throw fileError('CONVOY_DATA', file, '', `at most ${largestText / 2 ** 20} MiB`, 'more');
}

/** Lines that are not empty, with their numbers from 1. */
export function linesOf(text: string): { readonly line: number; readonly text: string }[] {
  return text
    .split(/\r?\n/)
    .map((content, index) => ({ line: index + 1, text: content.trim() }))
    .filter((item) => item.text !== '');
}

/** Width and height of an image file, upright. @throws ConvoyError `CONVOY_DATA` naming the file. */
export async function sizeOfImage(file: string): Promise<{ readonly width: number; readonly height: number }> {
  try {
    return await imageSize(readImageFile(file));
  } catch (error) {
    throw error instanceof BadImageError ? error.of(file) : error;
  }
}

/** What is wrong with a file (or folder) that should be there, in words; undefined where nothing is. */
async function missing(place: string, kind: 'file' | 'folder'): Promise<string | undefined> {
  try {
    const facts = await stat(place);
    return (kind === 'file' ? facts.isFile() : facts.isDirectory()) ? undefined : `no ${kind}`;
  } catch (error) {
    return unreadable(error).replace('such file', `such ${kind}`);
  }
}

/** @throws ConvoyError `CONVOY_DATA` where there is no such image file. `place` says who names it. */
export async function checkImageFile(file: string, namedBy: string, place: string): Promise<void> {
  const found = await missing(file, 'file');
  if (found !== undefined) throw fileError('CONVOY_DATA', namedBy, place, `the image ${file}`, found);
}

/** The image files below a folder, paths with `/` from it, by name. */
export async function imagesBelow(folder: string, signal?: AbortSignal): Promise<string[]> {
  const found = await missing(folder, 'folder');
  if (found !== undefined) throw fileError('CONVOY_DATA', folder, '', 'a folder of images', found);
  const { files } = await listFolder(folder, signal);
  return [...files.keys()].filter(isImageName);
}

/** A path without its extension. */
export const stem = (file: string): string => file.slice(0, file.length - path.extname(file).length);

/**
 * The file that a name in annotations means.
 *
 * @throws ConvoyError `CONVOY_DATA` for a name that leads out of the folder.
 */
export function fileInside(folder: string, name: string, namedBy: string, place: string): string {
  const relative = path.relative(folder, path.resolve(folder, name));
  if (relative === '' || relative === '..' || relative.startsWith(`..${path.sep}`) || path.isAbsolute(relative)) {
    throw fileError('CONVOY_DATA', namedBy, place, `the name of a file in ${folder}`, JSON.stringify(name));
  }
  return path.join(folder, relative);
}
