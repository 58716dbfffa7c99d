import { createHash } from 'node:crypto';
import { type FileHandle, mkdir, open, rename, rm } from 'node:fs/promises';
import { dirname } from 'node:path';
import { diskError } from '../base/atomic-file.js';
import { warnOfCache } from '../base/cache-folder.js';
import { ConvoyError } from '../base/errors.js';
import { partOf, removeDeadParts } from '../base/part-file.js';

/** Features of a split: a row of `length` floats for each sample. */
export interface FeatureRows {
  readonly length: number;
  /** Copies the rows of some samples behind each other. */
  read(samples: Uint32Array, into: Float32Array): Promise<void>;
  close(): Promise<void>;
}

/** Takes features while they are computed. */
export interface RowSink {
  /** Rows from the sample `position` on; copied or written when the promise resolves. */
  put(position: number, rows: Float32Array): Promise<void>;
  /** Keeps what was put; the sink is used up. */
  finish(): Promise<FeatureRows>;
  /** Forgets what was put. */
  abandon(): Promise<void>;
}

/** How many rows of how many floats. */
export interface RowsShape {
  readonly count: number;
  readonly length: number;
}

// File: magic, rows and floats of a row (64-bit, little-endian), SHA-256 of the rows, zeros up to a cache line; then the
// rows, float32 in the machine's order: a cache does not travel.
const magic = Buffer.from('convoyf1');
const headerBytes = 64;
const digestAt = 24;
/** One write or read call takes less than 2 GiB; a piece is also what is held of a large file at a time. */
const pieceBytes = 2 ** 24;

/**
 * Rows from a file of the cache; undefined when there is none, or it is damaged (it is then removed).
 *
 * @param inMemory whether they are all read now, rather than those of each batch when they are needed.
 */
export async function openRows(file: string, shape: RowsShape, inMemory: boolean): Promise<FeatureRows | undefined> {
  const handle = await open(file, 'r').catch(() => undefined);
  if (handle === undefined) return undefined;
  let rows: FeatureRows | undefined;
  try {
    rows = await checkedRows(handle, shape, inMemory);
  } finally {
    if (rows === undefined || inMemory) await handle.close();
  }
  if (rows === undefined) await rm(file, { force: true });
  return rows;
}

async function checkedRows(handle: FileHandle, shape: RowsShape, inMemory: boolean): Promise<FeatureRows | undefined> {
  const { count, length } = shape;
  const header = Buffer.alloc(headerBytes);
  if (
    !(await readAll(handle, header, 0)) ||
    !header.subarray(0, digestAt).equals(headerOf(shape).subarray(0, digestAt))
  ) {
    return undefined;
  }
  const values = inMemory ? new Float32Array(count * length) : undefined;
  const digest = await digestOf(handle, count * length * 4, values && new Uint8Array(values.buffer));
  if (digest === undefined || !digest.equals(header.subarray(digestAt, digestAt + 32))) return undefined;
  return values === undefined ? new FileRows(handle, length) : new MemoryRows(values, length);
}

function headerOf({ count, length }: RowsShape, digest?: Buffer): Buffer {
  const header = Buffer.alloc(headerBytes);
  magic.copy(header);
  header.writeBigUInt64LE(BigInt(count), 8);
  header.writeBigUInt64LE(BigInt(length), 16);
  digest?.copy(header, digestAt);
  return header;
}

/** SHA-256 of the rows of a file, which are also put where they are wanted; undefined when there are fewer. */
async function digestOf(handle: FileHandle, bytes: number, into?: Uint8Array): Promise<Buffer | undefined> {
  const hash = createHash('sha256');
  const buffer = into === undefined ? Buffer.alloc(Math.min(pieceBytes, bytes)) : undefined;
  for (let offset = 0; offset < bytes; offset += pieceBytes) {
    const size = Math.min(pieceBytes, bytes - offset);
    const piece = buffer?.subarray(0, size) ?? (into as Uint8Array).subarray(offset, offset + size);
    if (!(await readAll(handle, piece, headerBytes + offset))) return undefined;
    hash.update(piece);
  }
  return hash.digest();
}

/** A sink whose rows stay in memory, and are kept in a file too; a file that cannot be written is no reason to stop. */
export function memorySink(file: string, shape: RowsShape): RowSink {
  const values = new Float32Array(shape.count * shape.length);
  return {
    put: async (position, rows) => values.set(rows, position * shape.length),
    finish: async () => {
      try {
        const sink = await fileSink(file, shape);
        await sink.put(0, values);
        await (await sink.finish()).close();
      } catch (error) {
        warnOfCache(file, error);
      }
      return new MemoryRows(values, shape.length);
    },
    abandon: async () => undefined,
  };
}

/**
 * A sink whose rows go to a file.
 *
 * @throws ConvoyError `CONVOY_DISK`, here and later, when it cannot be written; nothing half written is left.
 */
export async function fileSink(file: string, shape: RowsShape): Promise<RowSink> {
  const part = partOf(file);
  await mkdir(dirname(file), { recursive: true }).catch((error: unknown) => {
    throw diskError(file, error);
  });
  await removeDeadParts(dirname(file));
  const handle = await open(part, 'wx+').catch((error: unknown) => {
    throw diskError(file, error);
  });
  const abandon = async (): Promise<void> => {
    await handle.close().catch(() => undefined); // closed already
    await rm(part, { force: true });
  };
  const orAbandon = async <Result>(work: () => Promise<Result>): Promise<Result> => {
    try {
      return await work();
    } catch (error) {
      await abandon();
      throw diskError(file, error);
    }
  };
  return {
    put: (position, rows) =>
      orAbandon(() => writeAll(handle, bytesOf(rows), headerBytes + position * shape.length * 4)),
    finish: () =>
      orAbandon(async () => {
        const digest = await digestOf(handle, shape.count * shape.length * 4);
        if (digest === undefined) throw new RangeError('fewer features were put than there are samples');
        await writeAll(handle, headerOf(shape, digest), 0);
        await rename(part, file);
        return new FileRows(handle, shape.length);
      }),
    abandon,
  };
}

class MemoryRows implements FeatureRows {
  constructor(
    private readonly values: Float32Array,
    readonly length: number,
  ) {}

  async read(samples: Uint32Array, into: Float32Array): Promise<void> {
    const { length } = this;
    samples.forEach((sample, row) =>
      into.set(this.values.subarray(sample * length, (sample + 1) * length), row * length),
    );
  }

  async close(): Promise<void> {}
}

class FileRows implements FeatureRows {
  constructor(
    private readonly handle: FileHandle,
    readonly length: number,
  ) {}

  /** @throws ConvoyError `CONVOY_DISK` when the file has been cut short meanwhile. */
  async read(samples: Uint32Array, into: Float32Array): Promise<void> {
    const { length } = this;
    const rows = Array.from(samples, async (sample, row) => {
      const bytes = bytesOf(into.subarray(row * length, (row + 1) * length));
      if (!(await readAll(this.handle, bytes, headerBytes + sample * length * 4))) {
        throw new ConvoyError(
          'CONVOY_DISK',
          `Expected the features of sample ${sample} in the cache but they are gone`,
        );
      }
    });
    await Promise.all(rows);
  }

  close(): Promise<void> {
    return this.handle.close();
  }
}

function bytesOf(values: Float32Array): Uint8Array {
  return new Uint8Array(values.buffer, values.byteOffset, values.byteLength);
}

async function writeAll(handle: FileHandle, bytes: Uint8Array, position: number): Promise<void> {
  for (let offset = 0; offset < bytes.length; ) {
    const { bytesWritten } = await handle.write(
      bytes,
      offset,
      Math.min(pieceBytes, bytes.length - offset),
      position + offset,
    );
    offset += bytesWritten;
  }
}

async function readAll(handle: FileHandle, bytes: Uint8Array, position: number): Promise<boolean> {
  for (let offset = 0; offset < bytes.length; ) {
    const { bytesRead } = await handle.read(
      bytes,
      offset,
      Math.min(pieceBytes, bytes.length - offset),
      position + offset,
    );
    if (bytesRead === 0) return false;
    offset += bytesRead;
  }
  return true;
}
