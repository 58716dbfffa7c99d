/** What an encoded image is, by its first bytes; its name says nothing. */
import { BadImageError } from './bad-image.js';

/** How a format's files begin: bytes (latin1) at an offset. */
type Signature = readonly [format: string, offset: number, bytes: string];

const decodable: readonly Signature[] = [
  ['JPEG', 0, '\xff\xd8\xff'],
  ['PNG', 0, '\x89PNG\r\n\x1a\n'],
  ['WebP', 8, 'WEBP'],
  ['GIF', 0, 'GIF8'],
  ['TIFF', 0, 'II*\0'],
  ['TIFF', 0, 'MM\0*'],
  ['AVIF', 4, 'ftypavif'],
  ['AVIF', 4, 'ftypavis'],
  ['PPM', 0, 'P3'],
  ['PPM', 0, 'P6'],
  ['PGM', 0, 'P2'],
  ['PGM', 0, 'P5'],
];

/** Formats that people have and that are not decoded here, named so that a person knows what to convert. */
const others: readonly Signature[] = [
  ['BMP', 0, 'BM'],
  ['HEIC', 4, 'ftypheic'],
  ['HEIC', 4, 'ftypheix'],
  ['HEIC', 4, 'ftyphevc'],
  ['HEIC', 4, 'ftypheim'],
  ['HEIC', 4, 'ftypmsf1'],
  ['JPEG XL', 0, '\xff\x0a'],
  ['JPEG XL', 4, 'JXL '],
  ['JPEG 2000', 4, 'jP  '],
  ['JPEG 2000', 0, '\xff\x4f\xff\x51'],
  ['BigTIFF', 0, 'II+\0'],
  ['BigTIFF', 0, 'MM\0+'],
  ['bitmap (PBM)', 0, 'P1'],
  ['bitmap (PBM)', 0, 'P4'],
  ['Photoshop', 0, '8BPS'],
  ['icon', 0, '\0\0\x01\0'],
  ['OpenEXR', 0, 'v/1\x01'],
  ['Radiance HDR', 0, '#?RADIANCE'],
  ['PDF', 0, '%PDF'],
  ['SVG', 0, '<svg'],
  ['HTML page', 0, '<!DOCTYPE'],
  ['HTML page', 0, '<html'],
  ['Git LFS pointer (git lfs pull fetches the image)', 0, 'version https://git-lfs'],
];

/** The formats that are decoded, for messages. */
const known = [...new Set(decodable.map(([format]) => format))];
export const decodableFormats = `${known.slice(0, -1).join(', ')} or ${known.at(-1)}`;

/** A format that can be decoded. */
export type ImageFormat = 'JPEG' | 'PNG' | 'WebP' | 'GIF' | 'TIFF' | 'AVIF' | 'PPM' | 'PGM';

function matching(signatures: readonly Signature[], start: string): string | undefined {
  return signatures.find(([, offset, bytes]) => start.startsWith(bytes, offset))?.[0];
}

/** A generic brand of ISO media files says which it is among the compatible brands that follow. */
function mediaFormat(start: string): string | undefined {
  if (!start.startsWith('ftypmif1', 4) && !start.startsWith('ftypmsf1', 4)) return undefined;
  return start.includes('avif') ? 'AVIF' : /hei[cx]|hevc/.test(start) ? 'HEIC' : undefined;
}

/**
 * The format of an encoded image.
 *
 * @throws BadImageError when it is none that is decoded.
 */
export function imageFormat(encoded: Uint8Array): ImageFormat {
  if (encoded.length === 0) throw new BadImageError(`a ${decodableFormats} image`, 'an empty file (0 bytes)');
  const start = Buffer.from(encoded.buffer, encoded.byteOffset, Math.min(48, encoded.length)).toString('latin1');
  const format = mediaFormat(start) ?? matching(decodable, start);
  if (format !== undefined && known.includes(format)) return format as ImageFormat;
  const other = format ?? matching(others, start.trimStart()) ?? matching(others, start);
  const begins = `other content (its first bytes are ${Buffer.from(encoded.subarray(0, 8)).toString('hex')})`;
  throw new BadImageError(
    `a ${decodableFormats} image`,
    other === undefined ? begins : `${other}, which convoy does not decode`,
  );
}
