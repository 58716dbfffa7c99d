import { createHash } from 'node:crypto';
import { crc32 } from 'node:zlib';
import { writePartsAtomic } from '../../base/atomic-file.js';
import { type Dataset, emptyStretches, type FileStretches, imageBytes } from '../../contracts/index.js';
import { targetNumbers } from '../stores.js';
import { bytesOf, magic, type PackedHeader, trailerBytes, trailerPlaces } from './form.js';

/** Bytes of a block of pixels, and of a write of small images. */
const blockBytes = 2 ** 22;

/** A split to pack. */
export interface PackSplit extends Pick<Dataset, 'split' | 'count' | 'targets' | 'fingerprint'> {
  readonly images:
    | { readonly kind: 'pixels'; readonly pixels: Uint8Array }
    /** Encoded, as many as `count`. */
    | { readonly kind: 'images'; readonly images: AsyncIterable<Uint8Array> }
    /** In other files: their numbers in `files`, and places in them. */
    | { readonly kind: 'elsewhere'; readonly stretches: FileStretches; readonly numbers: Uint32Array };
}

/** A dataset to pack; its splits have targets of one kind. */
export interface PackSource extends Pick<PackedHeader, 'name' | 'classes' | 'shape' | 'files' | 'notes'> {
  readonly splits: readonly PackSplit[];
}

/**
 * Writes a packed file, into a new file beside it which is renamed once it is whole.
 *
 * @throws ConvoyError `CONVOY_DISK` where it cannot be written, and errors of the images.
 */
export async function writePacked(file: string, source: PackSource): Promise<void> {
  await writePartsAtomic(file, partsOf(source));
}

/** The file's bytes in order. */
async function* partsOf({ splits, ...facts }: PackSource): AsyncGenerator<Uint8Array, void, undefined> {
  const blockImages = Math.max(1, Math.floor(blockBytes / imageBytes(facts.shape)));
  let at = 0;
  const next = (bytes: Uint8Array): Uint8Array => {
    at += bytes.length;
    return bytes;
  };
  yield next(magic);
  const tables: Uint8Array[] = [];
  const places: number[] = [];
  for (const { images, count, targets } of splits) {
    places.push(at);
    const columns: ArrayBufferView[] = [];
    if (images.kind === 'pixels') {
      const bytes = blockImages * imageBytes(facts.shape);
      const checksums: number[] = [];
      for (let start = 0; start < images.pixels.length; start += bytes) {
        const block = images.pixels.subarray(start, start + bytes);
        checksums.push(crc32(block));
        yield next(block);
      }
      columns.push(Uint32Array.from(checksums));
    } else if (images.kind === 'images') {
      const stretches = emptyStretches(count);
      for await (const bytes of chunksOf(images.images, stretches, at)) yield next(bytes);
      columns.push(...columnsOf(stretches));
    } else columns.push(...columnsOf(images.stretches), images.numbers);
    const values = targetNumbers(targets);
    tables.push(Buffer.concat([...(values === undefined ? [] : [values]), ...columns].map(bytesOf)));
  }
  const headers: PackedHeader['splits'] = [];
  for (const [index, { split, count, fingerprint, images, targets }] of splits.entries()) {
    const table = tables[index] as Uint8Array;
    const part = { offset: at, length: table.length, crc32: crc32(table) };
    const store = images.kind === 'pixels' ? 'pixels' : 'images';
    const boxes = targets.kind === 'boxes' ? { boxes: targets.capacity } : {};
    headers.push({ split, count, store, ...boxes, fingerprint, images: places[index] as number, table: part });
    yield next(table);
  }
  const { targets } = splits[0] as PackSplit;
  const header: PackedHeader = { ...facts, targets: targets.kind, blockImages, splits: headers };
  const text = Buffer.from(JSON.stringify(header));
  const trailer = Buffer.alloc(trailerBytes);
  trailer.writeBigUInt64LE(BigInt(at), trailerPlaces.headerOffset);
  trailer.writeBigUInt64LE(BigInt(text.length), trailerPlaces.headerLength);
  createHash('sha256').update(text).digest().copy(trailer, trailerPlaces.digest);
  magic.copy(trailer, trailerPlaces.magic);
  yield text;
  yield trailer;
}

const columnsOf = ({ offsets, lengths, checksums }: FileStretches): ArrayBufferView[] => [offsets, lengths, checksums];

/** Encoded images in chunks, their places noted from `at` on. */
async function* chunksOf(
  images: AsyncIterable<Uint8Array>,
  { offsets, lengths, checksums }: FileStretches,
  at: number,
): AsyncGenerator<Uint8Array, void, undefined> {
  let chunk: Uint8Array[] = [];
  let [image, offset, bytes] = [0, at, 0];
  for await (const encoded of images) {
    offsets[image] = offset;
    lengths[image] = encoded.length;
    checksums[image++] = crc32(encoded);
    offset += encoded.length;
    bytes += encoded.length;
    chunk.push(encoded);
    if (bytes < blockBytes) continue;
    yield Buffer.concat(chunk);
    [chunk, bytes] = [[], 0];
  }
  if (image !== offsets.length) throw new RangeError(`${image} images of ${offsets.length}`);
  yield Buffer.concat(chunk);
}
