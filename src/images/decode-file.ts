import { readFileSync } from 'node:fs';
import type { ImageShape } from '../contracts/index.js';
import { BadImageError } from './bad-image.js';
import { type DecodeOptions, decodeImage } from './decode.js';

/**
 * Decodes a file, as `decodeImage`. It is read at once, on this thread: asynchronous reading makes four trips through
 * libuv's queue, behind the decodes that wait there, and costs 0.7 ms of CPU a file.
 *
 * @throws ConvoyError `CONVOY_DATA` naming the file and the reason.
 */
export async function decodeImageFile(
  file: string,
  shape: ImageShape,
  into: Uint8Array,
  options?: DecodeOptions,
): Promise<void> {
  try {
    await decodeImage(readImageFile(file), shape, into, options);
  } catch (error) {
    throw error instanceof BadImageError ? error.of(file) : error;
  }
}

/**
 * The same of the bytes of an image file, whose name is for messages.
 *
 * @throws ConvoyError `CONVOY_DATA` when they are no image, or a damaged one.
 */
export async function decodeImageBytes(
  encoded: Uint8Array,
  shape: ImageShape,
  into: Uint8Array,
  name: string,
): Promise<void> {
  try {
    await decodeImage(encoded, shape, into);
  } catch (error) {
    throw error instanceof BadImageError ? error.of(name) : error;
  }
}

/**
 * The bytes of an image file.
 *
 * @throws BadImageError when it cannot be read.
 */
export function readImageFile(file: string): Buffer {
  try {
    return readFileSync(file);
  } catch (error) {
    throw unreadableImage(error);
  }
}

/** The error for an image file that cannot be read. */
export function unreadableImage(error: unknown): BadImageError {
  return new BadImageError('a readable image file', unreadable(error), error);
}

/** Why a file cannot be read, in words. */
export function unreadable(error: unknown): string {
  const { code, message } = error as NodeJS.ErrnoException;
  const words: Readonly<Record<string, string>> = {
    ENOENT: 'no such file',
    EACCES: 'a file that this user may not read',
    EPERM: 'a file that this user may not read',
    EISDIR: 'a folder',
    ELOOP: 'a link that leads to itself',
    ENAMETOOLONG: 'a name that is too long',
  };
  return words[code ?? ''] ?? message;
}
