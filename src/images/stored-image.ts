import { closeSync, openSync, readSync } from 'node:fs';
import { join } from 'node:path';
import { crc32 } from 'node:zlib';
import type { FileStore } from '../contracts/index.js';
import { BadImageError } from './bad-image.js';
import { readImageFile, unreadableImage } from './decode-file.js';

/** How messages call an image of a dataset of files: path below the root, and its first byte in a file of many images. */
export function storedImageName({ paths, stretches }: FileStore, sample: number): string {
  const path = paths[sample] ?? '';
  return stretches === undefined ? path : `${path}: byte ${stretches.offsets[sample]}`;
}

/**
 * The encoded image of a sample, read at once on this thread (see `decodeImageFile`). The file is open for this one read: a
 * dataset may have more files than a process may have open.
 *
 * @throws BadImageError when it cannot be read, or is not what was indexed.
 */
export function readStoredImage({ root, paths, stretches }: FileStore, sample: number): Buffer {
  const file = join(root, paths[sample] ?? '');
  if (stretches === undefined) return readImageFile(file);
  const [offset, length, wanted] = [stretches.offsets, stretches.lengths, stretches.checksums].map(
    (column) => column[sample] as number,
  ) as [number, number, number];
  const bytes = Buffer.allocUnsafeSlow(length);
  try {
    const handle = openSync(file, 'r');
    try {
      let read = 0;
      for (let more = -1; read < length && more !== 0; read += more)
        more = readSync(handle, bytes, read, length - read, offset + read);
      if (read < length) throw new BadImageError(`${length} bytes`, `the end of the file after ${read}`);
    } finally {
      closeSync(handle);
    }
  } catch (error) {
    throw error instanceof BadImageError ? error : unreadableImage(error);
  }
  const found = crc32(bytes);
  if (found === wanted) return bytes;
  const [hex, other] = [wanted, found].map((crc) => crc.toString(16).padStart(8, '0'));
  throw new BadImageError(`${length} bytes with the checksum ${hex}`, `damage, or a file that was changed (${other})`);
}

/** The error for a user of an image of a dataset of files that cannot be used; other errors as they are. */
export function storedImageError({ root, paths, stretches }: FileStore, sample: number, error: unknown): unknown {
  if (!(error instanceof BadImageError)) return error;
  const place = stretches === undefined ? '' : `byte ${stretches.offsets[sample]}`;
  return error.of(join(root, paths[sample] ?? ''), place);
}
