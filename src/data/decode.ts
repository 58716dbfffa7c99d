import sharp from 'sharp';
import type { ImageShape } from '../contracts/index.js';
import { errorText } from './bytes.js';
import { limits } from './limits.js';

/** What a reader of images accepts, by the first bytes of the file; its name says nothing. */
const signatures: readonly (readonly [format: string, offset: number, bytes: string])[] = [
  ['jpeg', 0, '\xff\xd8\xff'],
  ['png', 0, '\x89PNG\r\n\x1a\n'],
  ['webp', 8, 'WEBP'],
  ['gif', 0, 'GIF8'],
  ['tiff', 0, 'II*\0'],
  ['tiff', 0, 'MM\0*'],
  ['avif', 4, 'ftypavif'],
];
/** Formats that may hold more than one picture. */
const mayBeAnimated: ReadonlySet<string> = new Set(['gif', 'webp', 'tiff', 'avif']);

function sniff(encoded: Uint8Array): string | undefined {
  const start = Buffer.from(encoded.subarray(0, 16)).toString('latin1');
  return signatures.find(([, offset, bytes]) => start.startsWith(bytes, offset))?.[0];
}

/** Why an image cannot be used; the caller knows its file. */
export class BadImageError extends Error {
  override readonly name = 'BadImageError';
}

/** Size of an image as it will be decoded, EXIF orientation applied. */
export type ImageSize = Pick<ImageShape, 'height' | 'width'>;

/** How encoded images are read: whole or not at all, and no more pixels than the limit. */
export const inputOptions = { failOn: 'error', limitInputPixels: limits.imagePixels } as const;

/**
 * The size of an encoded image, from its header.
 *
 * @throws BadImageError when it is no still image of a known format.
 */
export async function imageSize(encoded: Uint8Array): Promise<ImageSize> {
  await checkStill(encoded);
  const { autoOrient } = await guarded(() => sharp(encoded, inputOptions).metadata());
  return { height: autoOrient.height, width: autoOrient.width };
}

async function checkStill(encoded: Uint8Array): Promise<void> {
  if (encoded.length === 0) throw new BadImageError('expected an image but the file is empty');
  const format = sniff(encoded);
  if (format === undefined) {
    const known = [...new Set(signatures.map(([name]) => name))].join(', ');
    throw new BadImageError(`expected one of ${known} but its first bytes are those of none`);
  }
  if (!mayBeAnimated.has(format)) return;
  const { pages = 1 } = await guarded(() => sharp(encoded, inputOptions).metadata());
  if (pages > 1) throw new BadImageError(`expected a still image but it has ${pages} frames`);
}

/**
 * Decodes one image to 8-bit sRGB, three channels: EXIF orientation applied, CMYK and colour profiles converted, 16 bits
 * scaled to 8, palettes resolved, transparent parts laid on white.
 *
 * @param size the size wanted.
 * @param resize whether another size is scaled to it (shorter side first, the middle kept) or refused.
 * @throws BadImageError when it cannot be decoded whole, or is of another size.
 */
export async function decodeImage(encoded: Uint8Array, size: ImageSize, resize: boolean): Promise<Buffer> {
  await checkStill(encoded);
  let pipeline = sharp(encoded, inputOptions).autoOrient();
  if (resize) pipeline = pipeline.resize(size.width, size.height, { fit: 'cover' });
  const { data, info } = await guarded(() =>
    pipeline
      .flatten({ background: '#ffffff' })
      .toColourspace('srgb')
      .raw({ depth: 'uchar' })
      .toBuffer({ resolveWithObject: true }),
  );
  if (info.height !== size.height || info.width !== size.width) {
    const found = `${info.height}x${info.width}`;
    throw new BadImageError(
      `expected an image of ${size.height}x${size.width} but it is ${found}; --image-size brings all to one size`,
    );
  }
  if (info.channels !== 3) throw new BadImageError(`expected three channels but it decodes to ${info.channels}`);
  return data;
}

async function guarded<T>(decode: () => Promise<T>): Promise<T> {
  try {
    return await decode();
  } catch (error) {
    // libvips repeats a warning for every row it misses: the first line says it all. Its messages are the process's, so
    // one can be lost when two images fail at once.
    const reason = errorText(error).split('\n', 1)[0] ?? '';
    const told = reason === 'Unknown error' ? 'it is damaged or cut short' : reason;
    throw new BadImageError(`cannot be decoded: ${told}`, { cause: error });
  }
}
