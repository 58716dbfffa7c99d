import { createHash } from 'node:crypto';
import { type FileHandle, open } from 'node:fs/promises';
import path from 'node:path';
import { crc32 } from 'node:zlib';
import { fileError } from '../../base/errors.js';
import { type Dataset, emptyStretches, imageBytes, targetForm, targetLength } from '../../contracts/index.js';
import { errorText } from '../bytes.js';
import { limits } from '../limits.js';
import { checkAborted } from '../options.js';
import { allocateLabels, allocatePixels } from '../stores.js';
import {
  bytesOf,
  digestBytes,
  headerSchema,
  magic,
  type PackedHeader,
  type PackedSplitHeader,
  trailerBytes,
  trailerPlaces,
} from './form.js';

/** Longest header: names of 65,536 classes take less. */
const mostHeaderBytes = 2 ** 26;

/** A packed file, opened: its header, table and pixels are checked; encoded images are when they are read. */
export interface PackedFile {
  readonly splits: readonly Dataset[];
  readonly notes: readonly string[];
  /** SHA-256 of the header, which covers the whole file. */
  readonly digest: string;
}

/** Whether a file begins as a packed one. */
export async function isPacked(file: string): Promise<boolean> {
  const handle = await open(file).catch(() => undefined);
  if (handle === undefined) return false;
  try {
    const start = Buffer.alloc(magic.length);
    await handle.read(start, 0, start.length, 0);
    return start.equals(magic);
  } finally {
    await handle.close();
  }
}

/**
 * Opens a packed file: pixels are read into shared memory, encoded images stay in it.
 *
 * @param root folder of the files that have the images, where the packed file is an index of others.
 * @throws ConvoyError `CONVOY_DATA` with file, byte and expectation for damage; `CONVOY_MEMORY`.
 */
export async function openPacked(file: string, root?: string, signal?: AbortSignal): Promise<PackedFile> {
  const handle = await open(file).catch((error: unknown) => {
    throw fileError('CONVOY_DATA', file, '', 'a readable file', errorText(error), error);
  });
  try {
    const { size } = await handle.stat();
    const reader = new PackedReader(file, handle, size);
    const { header, digest } = await reader.header();
    const paths = header.files.length === 0 ? [path.basename(file)] : header.files;
    const folder = header.files.length === 0 ? path.dirname(file) : root;
    if (folder === undefined) throw reader.wrong(0, 'the images of a dataset', 'the index of other files');
    const splits: Dataset[] = [];
    for (const split of header.splits) {
      checkAborted(signal, `reading ${file}`);
      splits.push(await reader.split(header, split, folder, paths));
    }
    if (!splits.some(({ split }) => split === 'train')) throw reader.wrong(0, 'a split train', 'none');
    return { splits, notes: header.notes, digest };
  } finally {
    await handle.close();
  }
}

class PackedReader {
  constructor(
    readonly file: string,
    readonly handle: FileHandle,
    readonly size: number,
  ) {}

  wrong(offset: number, expected: string, found: string, cause?: unknown): Error {
    return fileError('CONVOY_DATA', this.file, `byte ${offset}`, expected, found, cause);
  }

  /** Fills `into` from a place of the file. */
  async read(into: Uint8Array, offset: number): Promise<void> {
    for (let read = 0; read < into.length; ) {
      const { bytesRead } = await this.handle.read(into, read, Math.min(into.length - read, 2 ** 30), offset + read);
      if (bytesRead === 0)
        throw this.wrong(offset, `${into.length} bytes`, `the end of the file, at byte ${this.size}, after ${read}`);
      read += bytesRead;
    }
  }

  check(bytes: Uint8Array, wanted: number, offset: number): void {
    const found = crc32(bytes);
    if (found === wanted) return;
    const [hex, other] = [wanted, found].map((crc) => crc.toString(16).padStart(8, '0'));
    throw this.wrong(offset, `${bytes.length} bytes with the checksum ${hex}`, `damage (${other})`);
  }

  async header(): Promise<{ readonly header: PackedHeader; readonly digest: string }> {
    const first = Buffer.alloc(magic.length);
    await this.read(first, 0);
    if (!first.equals(magic)) throw this.wrong(0, 'the beginning of a packed file', 'other bytes');
    const start = Math.max(0, this.size - trailerBytes);
    const trailer = Buffer.alloc(trailerBytes);
    await this.read(trailer.subarray(0, Math.min(trailerBytes, this.size)), start);
    const zeros = trailer.subarray(trailerPlaces.digest + digestBytes, trailerPlaces.magic);
    if (!trailer.subarray(trailerPlaces.magic).equals(magic) || zeros.some((byte) => byte !== 0))
      throw this.wrong(start, 'the end of a packed file', 'other bytes: it was cut short or changed');
    const offset = Number(trailer.readBigUInt64LE(trailerPlaces.headerOffset));
    const length = Number(trailer.readBigUInt64LE(trailerPlaces.headerLength));
    if (length > mostHeaderBytes || offset + length !== start)
      throw this.wrong(start, 'place and length of the header', `byte ${offset}, ${length} bytes`);
    const text = Buffer.alloc(length);
    await this.read(text, offset);
    const hash = createHash('sha256').update(text).digest();
    if (!hash.equals(trailer.subarray(trailerPlaces.digest, trailerPlaces.digest + digestBytes)))
      throw this.wrong(offset, 'a header with the SHA-256 at the end', 'damage');
    try {
      return { header: headerSchema.parse(JSON.parse(text.toString())), digest: hash.toString('hex') };
    } catch (error) {
      throw this.wrong(offset, 'the header of a packed file', errorText(error).slice(0, 200), error);
    }
  }

  /** A split with its targets and images. */
  async split(
    header: PackedHeader,
    { split, count, store: storeKind, boxes = 1, fingerprint, images, table }: PackedSplitHeader,
    root: string,
    paths: readonly string[],
  ): Promise<Dataset> {
    const { name, classes, shape, targets: kind } = header;
    const form = targetForm(kind, { classes: classes.length, image: shape, boxes });
    const ofTargets = count * targetLength(form) * (form.type === 'uint8' ? 1 : 4);
    const elsewhere = header.files.length > 0;
    const blocks = Math.ceil(count / header.blockImages);
    const ofImages = storeKind === 'pixels' ? 4 * blocks : count * (elsewhere ? 20 : 16);
    const needed = ofTargets + ofImages;
    if (table.length !== needed || table.offset + table.length > this.size)
      throw this.wrong(table.offset, `a table of ${needed} bytes for ${count} images`, `${table.length} bytes`);
    const bytes = Buffer.alloc(table.length);
    await this.read(bytes, table.offset);
    this.check(bytes, table.crc32, table.offset);
    let at = 0;
    const column = <Column extends ArrayBufferView>(into: Column): Column => {
      bytesOf(into).set(bytes.subarray(at, at + into.byteLength));
      at += into.byteLength;
      return into;
    };
    const labels = kind === 'classes' ? column(allocateLabels(count)) : undefined;
    const wrong = labels?.findIndex((label) => label < 0 || label >= classes.length) ?? -1;
    if (wrong >= 0) {
      const found = String(labels?.[wrong]);
      throw this.wrong(table.offset + 4 * wrong, `a label from 0 to ${classes.length - 1}`, found);
    }
    const targets: Dataset['targets'] =
      labels !== undefined ? { kind: 'classes', labels } : otherTargets(kind, boxes, ofTargets, column);
    const facts = { name, split, count, classes, shape, targets, fingerprint };
    if (storeKind === 'pixels') {
      const checksums = column(new Uint32Array(blocks));
      return { ...facts, store: { kind: 'pixels', pixels: await this.pixels(header, count, images, checksums) } };
    }
    const empty = emptyStretches(count);
    const stretches = {
      offsets: column(empty.offsets),
      lengths: column(empty.lengths),
      checksums: column(empty.checksums),
    };
    const numbers = elsewhere ? column(new Uint32Array(count)) : new Uint32Array(count);
    for (let sample = 0; sample < count; sample++) {
      const [offset, length] = [stretches.offsets[sample], stretches.lengths[sample]] as [number, number];
      const fits = Number.isSafeInteger(offset) && offset >= 0 && (elsewhere || offset + length <= this.size);
      if (!fits || length > limits.archiveEntryBytes || paths[numbers[sample] as number] === undefined)
        throw this.wrong(table.offset, `the place of image ${sample} in the file`, `byte ${offset}, ${length} bytes`);
    }
    const pathOf = Array.from(numbers, (number) => paths[number] as string);
    return { ...facts, store: { kind: 'files', root: path.resolve(root), paths: pathOf, stretches } };
  }

  /** Pixels in shared memory, each block checked as it is read. */
  async pixels(
    { shape, blockImages }: PackedHeader,
    count: number,
    offset: number,
    checksums: Uint32Array,
  ): Promise<Uint8Array<SharedArrayBuffer>> {
    const each = imageBytes(shape);
    if (offset + count * each > this.size)
      throw this.wrong(offset, `${count * each} bytes of pixels`, `a file of ${this.size} bytes`);
    const pixels = allocatePixels(count, shape, this.file);
    for (const [block, checksum] of checksums.entries()) {
      const start = block * blockImages * each;
      const part = pixels.subarray(start, Math.min(pixels.length, start + blockImages * each));
      await this.read(part, offset + start);
      this.check(part, checksum, offset + start);
    }
    return pixels;
  }
}

function otherTargets(
  kind: PackedHeader['targets'],
  boxes: number,
  bytes: number,
  column: <Column extends ArrayBufferView>(into: Column) => Column,
): Dataset['targets'] {
  if (kind === 'masks') return { kind, masks: column(new Uint8Array(new SharedArrayBuffer(bytes))) };
  if (kind === 'pixels') return { kind };
  if (kind === 'boxes') return { kind, boxes: column(new Float32Array(new SharedArrayBuffer(bytes))), capacity: boxes };
  return { kind: 'multi-label', values: column(new Float32Array(new SharedArrayBuffer(bytes))) };
}
