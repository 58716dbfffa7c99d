import { createReadStream } from 'node:fs';
import { open } from 'node:fs/promises';
import type { Readable } from 'node:stream';
import { createGunzip } from 'node:zlib';
import { ConvoyError, fileError } from '../base/errors.js';
import { checkAborted } from './options.js';

/** True when the file starts with gzip's two magic bytes (RFC 1952). */
export async function isGzip(file: string): Promise<boolean> {
  const handle = await openFile(file);
  try {
    const start = new Uint8Array(2);
    const { bytesRead } = await handle.read(start, 0, 2, 0);
    return bytesRead === 2 && start[0] === 0x1f && start[1] === 0x8b;
  } finally {
    await handle.close();
  }
}

async function openFile(file: string) {
  try {
    return await open(file, 'r');
  } catch (error) {
    throw fileError('CONVOY_DATA', file, '', 'a readable file', errorText(error), error);
  }
}

/** The text of any thrown value. */
export function errorText(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}

/**
 * The bytes of a file in chunks, unpacked when it is a gzip file. Nothing is read ahead beyond a few chunks, so a
 * consumer that stops early also stops the unpacking: that is the guard against gzip bombs.
 *
 * @throws ConvoyError `CONVOY_DATA` when the file cannot be read, or its gzip stream is damaged or cut short.
 */
export async function* fileBytes(file: string, signal?: AbortSignal): AsyncGenerator<Uint8Array, void, undefined> {
  const packed = await isGzip(file);
  const source = createReadStream(file, { highWaterMark: 2 ** 18 });
  let chunks: Readable = source;
  if (packed) {
    const gunzip = createGunzip({ chunkSize: 2 ** 18 });
    source.on('error', (error) => gunzip.destroy(error));
    chunks = source.pipe(gunzip);
  }
  try {
    for await (const chunk of chunks) {
      checkAborted(signal, `reading ${file}`);
      if (chunk instanceof Uint8Array) yield chunk;
    }
  } catch (error) {
    if (error instanceof ConvoyError) throw error;
    const expected = packed ? 'a whole gzip stream' : 'readable bytes';
    throw fileError('CONVOY_DATA', file, `byte ${source.bytesRead} of the file`, expected, errorText(error), error);
  } finally {
    source.destroy();
    chunks.destroy();
  }
}

/** Reads exact numbers of bytes from chunks and knows its place in them. */
export class ByteReader {
  readonly #file: string;
  readonly #chunks: AsyncIterator<Uint8Array>;
  #rest: Uint8Array = new Uint8Array(0);
  #offset = 0;

  constructor(file: string, chunks: AsyncIterable<Uint8Array>) {
    this.#file = file;
    this.#chunks = chunks[Symbol.asyncIterator]();
  }

  /** Bytes read so far. */
  get offset(): number {
    return this.#offset;
  }

  /** Fills `target`; `what` names the bytes in the error when there are fewer. */
  async fill(target: Uint8Array, what: string): Promise<void> {
    let filled = 0;
    while (filled < target.length) {
      if (!(await this.#more())) {
        const expected = `${target.length} bytes of ${what}`;
        throw fileError(
          'CONVOY_DATA',
          this.#file,
          `byte ${this.#offset - filled}`,
          expected,
          `the end after ${filled}`,
        );
      }
      const part = this.#rest.subarray(0, target.length - filled);
      target.set(part, filled);
      filled += part.length;
      this.#offset += part.length;
      this.#rest = this.#rest.subarray(part.length);
    }
  }

  /** The next `length` bytes. */
  async take(length: number, what: string): Promise<Buffer> {
    const bytes = Buffer.alloc(length);
    await this.fill(bytes, what);
    return bytes;
  }

  /** Whether nothing follows. */
  async atEnd(): Promise<boolean> {
    return !(await this.#more());
  }

  /** Checks that nothing follows; stops at the first byte that does. */
  async end(): Promise<void> {
    if (await this.#more()) {
      const found = 'more bytes than its header states';
      throw fileError('CONVOY_DATA', this.#file, `byte ${this.#offset}`, 'the end of the file', found);
    }
  }

  /** Stops reading and frees the source. */
  async close(): Promise<void> {
    await this.#chunks.return?.();
  }

  async #more(): Promise<boolean> {
    while (this.#rest.length === 0) {
      const next = await this.#chunks.next();
      if (next.done === true) return false;
      this.#rest = next.value;
    }
    return true;
  }
}
