/**
 * Photographs, one by one: decoded, turned upright and cut by sharp, and resized. Plain JPEGs, the bulk of them, are
 * decoded by TensorFlow (see `jpeg.ts`). Which of the two it is follows from the file and the part to keep alone.
 */
import { readFileSync } from 'node:fs';
import sharp, { type Sharp } from 'sharp';
import { fileError } from '../../src/base/errors.js';
import type { ImageShape } from '../../src/contracts/index.js';
import type { PixelBox } from '../steps/index.js';
import { isPlainJpeg, openJpegDecoder } from './jpeg.js';
import { type JpegHeader, readJpegHeader } from './jpeg-header.js';
import { canResize, type Picture, resizePicture, resizeRoom } from './resize.js';

/** Largest image that is decoded, in pixels, unless told otherwise: Pillow's warning limit, 256 MiB of RGB. */
export const defaultPixelLimit = 89_478_485;

/** Chooses the part of a photograph to keep; the same each time it is called. */
export type ChoosePart = (photograph: UprightSize) => PixelBox;

const readable = 'a readable JPEG, PNG, WebP, GIF, TIFF or AVIF image';

/** True for the first bytes of a format that is accepted (no SVG, PDF or others that sharp could open). */
function isAccepted(bytes: Uint8Array): boolean {
  const text = Buffer.from(bytes.buffer, bytes.byteOffset, Math.min(16, bytes.byteLength)).toString('latin1');
  return (
    text.startsWith('\xff\xd8\xff') ||
    text.startsWith('\x89PNG\r\n\x1a\n') ||
    (text.startsWith('RIFF') && text.slice(8, 12) === 'WEBP') ||
    text.startsWith('GIF8') ||
    text.startsWith('II*\0') ||
    text.startsWith('MM\0*') ||
    /^ftyp(avif|avis|mif1)/.test(text.slice(4, 12))
  );
}

/**
 * Reads at once, in this worker thread: asynchronous reading makes four trips through libuv's queue, behind the decodes
 * that wait there, and costs 0.7 ms of CPU a file.
 */
function readImage(file: string): Buffer {
  let bytes: Buffer;
  try {
    bytes = readFileSync(file);
  } catch (error) {
    throw fileError(
      'CONVOY_DATA',
      file,
      'image',
      readable,
      error instanceof Error ? error.message : String(error),
      error,
    );
  }
  if (bytes.length === 0) throw fileError('CONVOY_DATA', file, 'image', readable, 'an empty file (0 bytes)');
  if (!isAccepted(bytes)) {
    throw fileError(
      'CONVOY_DATA',
      file,
      'image',
      readable,
      `other content (starts with ${bytes.subarray(0, 8).toString('hex')})`,
    );
  }
  return bytes;
}

/** Size of an image once it is upright. */
interface UprightSize {
  readonly width: number;
  readonly height: number;
}

/**
 * The image to decode, and its size once upright; turning is only asked for where it may be needed.
 *
 * Transparency is dropped as Pillow's `convert('RGB')` does for torchvision and Keras, the colours below it kept. That is
 * done to the whole image before anything else, since sharp's resizing turns transparent pixels black.
 */
async function openImage(
  bytes: Buffer,
  header: JpegHeader | undefined,
  pixelLimit: number,
): Promise<{ image: Sharp; size: UprightSize }> {
  const options = { failOn: 'error', limitInputPixels: pixelLimit } as const;
  if (header?.orientation === 1) return { image: sharp(bytes, options), size: header };
  const image = sharp(bytes, { ...options, autoOrient: true });
  const { autoOrient, hasAlpha } = await image.metadata();
  if (!hasAlpha) return { image, size: { width: autoOrient.width, height: autoOrient.height } };
  const { data, info } = await image
    .removeAlpha()
    .toColourspace('srgb')
    .raw({ depth: 'uchar' })
    .toBuffer({ resolveWithObject: true });
  return { image: sharp(data, { raw: info }), size: { width: info.width, height: info.height } };
}

/**
 * Decodes a file and brings the chosen part to `shape`, written to `into`: channels last, 8 bits, transparency dropped.
 *
 * A part that shrinks to half or less is cut after resizing, so that JPEG and WebP decode at a fraction of their size;
 * any other is cut first, so that rows below it are never decoded, and then resized as Pillow's `BILINEAR` does.
 *
 * @throws ConvoyError `CONVOY_DATA` naming the file and the reason.
 */
export async function decodeImage(
  file: string,
  shape: ImageShape,
  choosePart: ChoosePart,
  pixelLimit: number,
  into: Uint8Array,
): Promise<void> {
  const bytes = readImage(file);
  let reason = '';
  let cause: unknown;
  for (let attempt = 0; attempt < reasonAttempts && (reason === '' || reason === lostReason); attempt++) {
    try {
      return await decodeBytes(bytes, shape, choosePart, pixelLimit, into);
    } catch (error) {
      reason = error instanceof Error ? (error.message.split('\n')[0] ?? '').trim() : String(error);
      cause = error;
    }
  }
  throw fileError(
    'CONVOY_DATA',
    file,
    'image',
    readable,
    reason === lostReason ? 'data that cannot be decoded' : reason,
    cause,
  );
}

/**
 * libvips keeps the text of errors for the whole process: a decode that ends meanwhile wipes it, and sharp then says
 * this. The image is bad all the same; it is decoded again for the reason only.
 */
const lostReason = 'Unknown error';
const reasonAttempts = 3;

async function decodeBytes(
  bytes: Buffer,
  shape: ImageShape,
  choosePart: ChoosePart,
  pixelLimit: number,
  into: Uint8Array,
): Promise<void> {
  const header = readJpegHeader(bytes);
  const target: Picture = { ...shape, channels: shape.channels === 1 ? 1 : 3 };
  if (header !== undefined && isPlainJpeg(header, target.channels) && header.width * header.height <= pixelLimit) {
    const box = choosePart(header);
    if (shrinkage(box, shape) < 2 && canResize(box, target) && (await decodePlain(bytes, header, box, target, into)))
      return;
  }
  const { image, size } = await openImage(bytes, header, pixelLimit);
  const box = choosePart(size);
  const whole = box.width === size.width && box.height === size.height;
  const shrink = shrinkage(box, shape);
  if (shrink >= 2 && !whole) {
    into.set(await toPixels(cutAfterResize(image, size, box, shape), target));
    return;
  }
  const part = whole ? image : image.extract(box);
  if (shrink < 2 && canResize(box, target)) {
    const source = { width: box.width, height: box.height, channels: target.channels };
    resizePicture(await toPixels(part, source), source, target, into);
    return;
  }
  into.set(await toPixels(part.resize(shape.width, shape.height, { fit: 'fill', kernel: 'linear' }), target));
}

const shrinkage = (box: PixelBox, shape: ImageShape): number =>
  Math.min(box.width / shape.width, box.height / shape.height);

/** Decodes a part with TensorFlow and resizes it; false when the data is refused, and sharp is to say why. */
async function decodePlain(
  bytes: Buffer,
  header: JpegHeader,
  box: PixelBox,
  target: Picture,
  into: Uint8Array,
): Promise<boolean> {
  const decoder = await openJpegDecoder();
  const part = decoder?.decode(bytes, header, box, target.channels);
  if (part === undefined) return false;
  // Nothing is awaited between decoding and this: the room is the thread's, other pictures go through it.
  resizeRoom(part, { width: box.width, height: box.height, channels: target.channels }, target, into);
  return true;
}

/** Runs a chain; it must give 8-bit pixels of the size and channels of `picture`. */
async function toPixels(chain: Sharp, picture: Picture): Promise<Uint8Array> {
  const { data, info } = await chain
    .toColourspace(picture.channels === 1 ? 'b-w' : 'srgb')
    .raw({ depth: 'uchar' })
    .toBuffer({ resolveWithObject: true });
  if (info.width !== picture.width || info.height !== picture.height || info.channels !== picture.channels) {
    throw new RangeError(`${info.width}x${info.height} pixels of ${info.channels} channels`);
  }
  return data;
}

/** Resizes the whole so that the part has the target's size, then cuts it out; its place is rounded to a pixel. */
function cutAfterResize(image: Sharp, size: UprightSize, box: PixelBox, shape: ImageShape): Sharp {
  const width = Math.max(shape.width, Math.round((size.width * shape.width) / box.width));
  const height = Math.max(shape.height, Math.round((size.height * shape.height) / box.height));
  return image.resize(width, height, { fit: 'fill', kernel: 'linear' }).extract({
    left: Math.min(width - shape.width, Math.round((box.left * shape.width) / box.width)),
    top: Math.min(height - shape.height, Math.round((box.top * shape.height) / box.height)),
    width: shape.width,
    height: shape.height,
  });
}
