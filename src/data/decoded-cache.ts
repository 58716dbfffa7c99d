import { createHash } from 'node:crypto';
import { type FileHandle, mkdir, open, rename, rm } from 'node:fs/promises';
import path from 'node:path';
import { z } from 'zod';
import { warnOfCache } from '../base/cache-folder.js';
import { partOf, removeDeadParts } from '../base/part-file.js';
import type { BadImage } from './options.js';
import { decodedFolder } from './places.js';
import { allocateLabels, allocatePixels, type LabelledPixels } from './stores.js';

/** A dataset that has been decoded or drawn: what the cache keeps. */
export interface DecodedSet {
  readonly classes: readonly string[];
  readonly train: LabelledPixels;
  readonly test?: LabelledPixels;
  readonly validation?: LabelledPixels;
  readonly badImages: readonly BadImage[];
  /** What a person should know of how it was read. */
  readonly notes?: readonly string[];
}

// File: magic, header length (32-bit little-endian), header (JSON), then for each split its labels (int32) and its
// pixels. Labels are written in the machine's order: a cache does not travel.
const magic = Buffer.from('convoypx3\n');
/** One write or read call takes less than 2 GiB. */
const pieceBytes = 2 ** 26;
const largestHeader = 2 ** 26;

const splitHeader = z.object({
  count: z.int().nonnegative(),
  shape: z.object({ height: z.int().positive(), width: z.int().positive(), channels: z.int().positive() }),
  names: z.array(z.string()).optional(),
});
const headerSchema = z.object({
  key: z.string(),
  classes: z.array(z.string()),
  train: splitHeader,
  test: splitHeader.optional(),
  validation: splitHeader.optional(),
  badImages: z.array(z.object({ file: z.string(), reason: z.string() })),
  notes: z.array(z.string()).optional(),
  /** Over the header before it, and all that follows. */
  sha256: z.string(),
});

/** The cache file for a key: everything that the pixels depend on, as text. */
function cacheFile(key: string): string {
  return path.join(decodedFolder(), `${createHash('sha256').update(key).digest('hex').slice(0, 32)}.pixels`);
}

function body({ train, test, validation }: Pick<DecodedSet, 'train' | 'test' | 'validation'>): Uint8Array[] {
  const splits = [train, test, validation].filter((split) => split !== undefined);
  const parts = splits.flatMap(({ labels, pixels }) => [labels, pixels]);
  return parts.map((part) => new Uint8Array(part.buffer, part.byteOffset, part.byteLength));
}

type Header = z.infer<typeof headerSchema>;

function digestOf(header: Omit<Header, 'sha256'>, parts: readonly Uint8Array[]): string {
  const hash = createHash('sha256').update(JSON.stringify(header));
  for (const part of parts) hash.update(part);
  return hash.digest('hex');
}

/**
 * Keeps a decoded dataset under `key`: written to a new file, then renamed. A cache that cannot be written is no reason
 * to stop a run: it is said as a warning of the process.
 */
export async function saveDecoded(key: string, set: DecodedSet): Promise<void> {
  const file = cacheFile(key);
  const temporary = partOf(file);
  const { classes, badImages } = set;
  const facts = ({ count, shape, names }: LabelledPixels) => ({ count, shape, ...(names && { names: [...names] }) });
  const parts = body(set);
  const header: Omit<Header, 'sha256'> = {
    key,
    classes: [...classes],
    train: facts(set.train),
    ...(set.test === undefined ? {} : { test: facts(set.test) }),
    ...(set.validation === undefined ? {} : { validation: facts(set.validation) }),
    badImages: [...badImages],
    ...(set.notes === undefined ? {} : { notes: [...set.notes] }),
  };
  const text = Buffer.from(JSON.stringify({ ...header, sha256: digestOf(header, parts) }));
  const length = Buffer.alloc(4);
  length.writeUInt32LE(text.length);
  try {
    await mkdir(path.dirname(file), { recursive: true });
    const handle = await open(temporary, 'w');
    try {
      for (const bytes of [magic, length, text, ...parts]) await writeAll(handle, bytes);
    } finally {
      await handle.close();
    }
    await rename(temporary, file);
    await removeDeadParts(path.dirname(file));
  } catch (error) {
    await rm(temporary, { force: true }).catch(() => undefined); // the first error is the one to tell
    warnOfCache(file, error);
  }
}

async function writeAll(handle: FileHandle, bytes: Uint8Array): Promise<void> {
  for (let offset = 0; offset < bytes.length; ) {
    const { bytesWritten } = await handle.write(bytes, offset, Math.min(pieceBytes, bytes.length - offset));
    offset += bytesWritten;
  }
}

async function readAll(handle: FileHandle, bytes: Uint8Array): Promise<boolean> {
  for (let offset = 0; offset < bytes.length; ) {
    const { bytesRead } = await handle.read(bytes, offset, Math.min(pieceBytes, bytes.length - offset), null);
    if (bytesRead === 0) return false;
    offset += bytesRead;
  }
  return true;
}

/** What was kept under `key`; undefined when nothing was, or when the file is damaged (it is then removed). */
export async function loadDecoded(key: string): Promise<DecodedSet | undefined> {
  const file = cacheFile(key);
  const handle = await open(file, 'r').catch(() => undefined);
  if (handle === undefined) return undefined;
  let set: DecodedSet | undefined;
  try {
    set = await readSet(handle, key);
  } finally {
    await handle.close();
  }
  if (set === undefined) await rm(file, { force: true });
  return set;
}

async function readSet(handle: FileHandle, key: string): Promise<DecodedSet | undefined> {
  const start = Buffer.alloc(magic.length + 4);
  if (!(await readAll(handle, start)) || !start.subarray(0, magic.length).equals(magic)) return undefined;
  const length = start.readUInt32LE(magic.length);
  const text = Buffer.alloc(length <= largestHeader ? length : 0);
  if (!(await readAll(handle, text))) return undefined;
  const parsed = headerSchema.safeParse(parseJson(text.toString()));
  if (!parsed.success || parsed.data.key !== key) return undefined;
  const header = parsed.data;
  const split = ({ count, shape, names }: z.infer<typeof splitHeader>): LabelledPixels => {
    const pixels = allocatePixels(count, shape, 'the cache');
    return { count, shape, labels: allocateLabels(count), pixels, ...(names && { names }) };
  };
  const { classes, badImages, train, test, validation, notes } = header;
  const set: DecodedSet = {
    classes,
    badImages,
    ...(notes === undefined ? {} : { notes }),
    train: split(train),
    ...(test === undefined ? {} : { test: split(test) }),
    ...(validation === undefined ? {} : { validation: split(validation) }),
  };
  for (const part of body(set)) if (!(await readAll(handle, part))) return undefined;
  const { sha256, ...rest } = header;
  return digestOf(rest, body(set)) === sha256 ? set : undefined;
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined; // a damaged header is a damaged cache, which is made again
  }
}
