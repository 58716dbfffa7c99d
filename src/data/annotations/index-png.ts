/**
 * PNG files of masks as numbers: palette indices or grey levels as they stand in the file, which sharp turns into colours
 * and stretches to 8 bits. PNG specification, third edition. The sizes in the header bound what is unpacked.
 */
import { inflateSync } from 'node:zlib';
import { BadImageError, pixelLimit } from '../../images/index.js';

/** Numbers of a mask. */
export interface IndexPixels {
  readonly width: number;
  readonly height: number;
  /** [height, width]: index into the palette, or grey level in the depth of the file. */
  readonly data: Uint8Array;
}

interface Header {
  readonly width: number;
  readonly height: number;
  /** Bits a pixel: 1, 2, 4, 8. */
  readonly depth: number;
}

const signature = Buffer.from('\x89PNG\r\n\x1a\n', 'latin1');

/**
 * Reads a PNG with a palette or of grey of up to 8 bits.
 *
 * @throws BadImageError for any other file, and for a damaged one.
 */
export function readIndexPng(bytes: Buffer): IndexPixels {
  if (!bytes.subarray(0, 8).equals(signature))
    throw new BadImageError('a PNG with a palette or of grey', 'another file');
  const parts: Buffer[] = [];
  let header: Header | undefined;
  for (let at = 8; ; ) {
    const length = at + 8 <= bytes.length ? bytes.readUInt32BE(at) : bytes.length;
    if (at + 12 + length > bytes.length) throw new BadImageError('a whole PNG', 'one cut short');
    const type = bytes.toString('latin1', at + 4, at + 8);
    const content = bytes.subarray(at + 8, at + 8 + length);
    if (type === 'IHDR') header = readHeader(content);
    if (type === 'IDAT') parts.push(content);
    if (type === 'IEND') break;
    at += 12 + length;
  }
  if (header === undefined) throw new BadImageError('a PNG with a header', 'none');
  const rowBytes = Math.ceil((header.width * header.depth) / 8);
  const rows = unfilter(inflate(Buffer.concat(parts), (rowBytes + 1) * header.height), rowBytes, header.height);
  return { width: header.width, height: header.height, data: unpack(rows, rowBytes, header) };
}

function readHeader(content: Buffer): Header {
  if (content.length !== 13) throw new BadImageError('a header of 13 bytes', String(content.length));
  const [width, height] = [content.readUInt32BE(0), content.readUInt32BE(4)];
  const [depth, colour, , , interlace] = content.subarray(8) as unknown as [number, number, number, number, number];
  if (width === 0 || height === 0 || width * height > pixelLimit) {
    throw new BadImageError(`1 to ${pixelLimit} pixels`, `${width}x${height}`);
  }
  if (colour !== 0 && colour !== 3)
    throw new BadImageError('a PNG with a palette or of grey', colourNames[colour] ?? 'damage');
  if (depth !== 1 && depth !== 2 && depth !== 4 && depth !== 8)
    throw new BadImageError('at most 8 bits a pixel', String(depth));
  if (interlace !== 0) throw new BadImageError('a PNG that is not interlaced', 'an interlaced one');
  return { width, height, depth };
}

const colourNames: Readonly<Record<number, string>> = {
  2: 'one of colours',
  4: 'one of grey with transparency',
  6: 'one of colours with transparency',
};

function inflate(packed: Buffer, bytes: number): Buffer {
  let unpacked: Buffer;
  try {
    unpacked = inflateSync(packed, { maxOutputLength: bytes });
  } catch (error) {
    throw new BadImageError('a whole PNG', `pixels that cannot be unpacked: ${(error as Error).message}`, error);
  }
  if (unpacked.length === bytes) return unpacked;
  throw new BadImageError(`${bytes} bytes of pixels`, String(unpacked.length));
}

/** Undoes the filter of each row; pixels of up to 8 bits are filtered by bytes. */
function unfilter(filtered: Buffer, rowBytes: number, height: number): Uint8Array {
  const rows = new Uint8Array(rowBytes * height);
  for (let row = 0; row < height; row++) {
    const from = row * (rowBytes + 1);
    const to = row * rowBytes;
    const kind = filtered[from] as number;
    if (kind > 4) throw new BadImageError('filters of 0 to 4', String(kind));
    for (let i = 0; i < rowBytes; i++) {
      const left = i > 0 ? (rows[to + i - 1] as number) : 0;
      const up = row > 0 ? (rows[to + i - rowBytes] as number) : 0;
      const corner = i > 0 && row > 0 ? (rows[to + i - rowBytes - 1] as number) : 0;
      rows[to + i] = (filtered[from + 1 + i] as number) + predicted(kind, left, up, corner);
    }
  }
  return rows;
}

function predicted(kind: number, left: number, up: number, corner: number): number {
  if (kind < 2) return kind * left;
  if (kind === 2) return up;
  if (kind === 3) return (left + up) >> 1;
  const [toLeft, toUp, toCorner] = [Math.abs(up - corner), Math.abs(left - corner), Math.abs(left + up - 2 * corner)];
  if (toLeft <= toUp && toLeft <= toCorner) return left;
  return toUp <= toCorner ? up : corner;
}

/** Pixels of fewer bits than 8 share bytes, the first in the highest bits. */
function unpack(rows: Uint8Array, rowBytes: number, { width, height, depth }: Header): Uint8Array {
  if (depth === 8) return rows;
  const perByte = 8 / depth;
  return Uint8Array.from({ length: width * height }, (_, at) => {
    const column = at % width;
    const byte = rows[Math.floor(at / width) * rowBytes + Math.floor(column / perByte)] as number;
    return (byte >> (8 - depth * ((column % perByte) + 1))) & ((1 << depth) - 1);
  });
}
