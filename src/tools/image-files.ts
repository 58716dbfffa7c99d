import { readdir, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { glob, isDynamicPattern } from 'tinyglobby';
import { type ConvoyError, fileError } from '../base/errors.js';
import { byName, hasLeftover, isImageName } from '../data/index.js';

/** An image to predict: a file, bytes that came through standard input, or what is wrong with the name. */
export type NamedImage = ReadableImage | { readonly file: string; readonly error: ConvoyError };

/** A file, or bytes that came through standard input. */
export interface ReadableImage {
  readonly file: string;
  readonly bytes?: Buffer;
}

/** How image files begin that are text, or may be for a while: PNM and SVG. */
const textBeginnings = /^(P[1-7fF]\s+[#\dW]|<svg|<\?xml)/;

/**
 * The images that names stand for, in the order of the names: files, the images of folders and of those below, patterns as
 * `photos/*.jpg`, and `-`: an image through standard input, or names of files, one a line.
 *
 * @param stdin what `-` reads.
 */
export async function* namedImages(names: readonly string[], stdin: AsyncIterable<Buffer>): AsyncGenerator<NamedImage> {
  for (const name of names) {
    if (name === '-') yield* throughStdin(await gather(stdin));
    else yield* imagesOf(name);
  }
}

async function* imagesOf(name: string): AsyncGenerator<NamedImage> {
  const facts = await stat(name).catch(() => undefined);
  if (facts?.isDirectory()) yield* imagesOfFolder(name);
  else if (facts === undefined && isDynamicPattern(name)) yield* imagesOfPattern(name);
  else yield { file: name }; // one that is not there is told by who reads it
}

async function* imagesOfFolder(folder: string): AsyncGenerator<NamedImage> {
  const below = await readdir(folder, { recursive: true }).catch((error: Error) => error);
  if (below instanceof Error) {
    yield { file: folder, error: fileError('CONVOY_DATA', folder, '', 'a readable folder', below.message, below) };
    return;
  }
  const images = below.filter((path) => isImageName(path) && !hasLeftover(path)).sort(byName);
  if (images.length === 0) yield { file: folder, error: fileError('CONVOY_DATA', folder, '', 'images in it', 'none') };
  for (const image of images) yield { file: join(folder, image) };
}

async function* imagesOfPattern(pattern: string): AsyncGenerator<NamedImage> {
  const files = (await glob(pattern, { expandDirectories: false })).sort(byName);
  if (files.length === 0) {
    yield { file: pattern, error: fileError('CONVOY_DATA', pattern, '', 'files of this pattern', 'none') };
  }
  for (const file of files) yield { file };
}

async function* throughStdin(bytes: Buffer): AsyncGenerator<NamedImage> {
  if (isImage(bytes)) {
    yield { file: '-', bytes };
    return;
  }
  const names = bytes
    .toString('utf8')
    .split(/[\n\0]/)
    .map((line) => line.replace(/\r$/, ''))
    .filter((line) => line !== '');
  if (names.length === 0) {
    yield { file: '-', error: fileError('CONVOY_DATA', '-', '', 'an image or names of files', 'nothing') };
  }
  for (const name of names) yield* imagesOf(name);
}

/** Whether bytes are an image rather than names of files, which have no control characters but those between them. */
function isImage(bytes: Buffer): boolean {
  if (textBeginnings.test(bytes.toString('latin1', 0, 32))) return true;
  const between = new Set([...'\0\t\n\r'].map((character) => character.charCodeAt(0)));
  return bytes.subarray(0, 1024).some((byte) => byte < 32 && !between.has(byte)) || bytes[0] === 0xff || bytes[0] === 0;
}

async function gather(stream: AsyncIterable<Buffer>): Promise<Buffer> {
  const chunks: Buffer[] = [];
  for await (const chunk of stream) chunks.push(chunk);
  return Buffer.concat(chunks);
}
