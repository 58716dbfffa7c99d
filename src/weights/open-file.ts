import { type FileHandle, open } from 'node:fs/promises';
import { weightsError } from './errors.js';

/** One read of the system takes less than 2 GiB. */
const readBytes = 2 ** 26;

/** A file open for reading, its size known. */
export interface OpenFile {
  readonly file: string;
  readonly size: number;
  /** Exactly `length` bytes from `position`; `place` names them in the error of a file that ends before. */
  read(place: string, position: number, length: number): Promise<Buffer<ArrayBuffer>>;
}

/**
 * Opens `file` for the time of `use`.
 *
 * @throws ConvoyError `CONVOY_WEIGHTS` when it does not exist, is no plain file or ends early.
 */
export async function withFile<T>(file: string, use: (opened: OpenFile) => Promise<T>): Promise<T> {
  let handle: FileHandle;
  try {
    handle = await open(file);
  } catch (error) {
    throw weightsError(
      file,
      '',
      'a readable weights file',
      error instanceof Error ? error.message : String(error),
      error,
    );
  }
  try {
    const stat = await handle.stat();
    if (!stat.isFile()) throw weightsError(file, '', 'a file', stat.isDirectory() ? 'a folder' : 'something else');
    return await use({ file, size: stat.size, read: (...range) => readFully(handle, file, ...range) });
  } finally {
    await handle.close();
  }
}

async function readFully(
  handle: FileHandle,
  file: string,
  place: string,
  position: number,
  length: number,
): Promise<Buffer<ArrayBuffer>> {
  const bytes = Buffer.alloc(length);
  for (let done = 0; done < length; ) {
    const { bytesRead } = await handle.read(bytes, done, Math.min(readBytes, length - done), position + done);
    if (bytesRead === 0) throw weightsError(file, place, `${length} bytes`, `${done} before the end of the file`);
    done += bytesRead;
  }
  return bytes;
}
