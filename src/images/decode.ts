/**
 * Encoded images to pixels: the one way for training, evaluation and prediction, whatever holds the files and whether
 * they are kept in memory. Decoded, turned upright and cut by sharp, and resized. Plain JPEGs, the bulk of photographs,
 * may be decoded by TensorFlow (see `jpeg.ts`), with the same pixels. What is done follows from the bytes, the part to
 * keep and the size wanted alone. `docs/data.md` has the rules as a table.
 */
import sharp, { type Sharp } from 'sharp';
import { centralPart, type ImageShape, type PixelBox, type PixelSize } from '../contracts/index.js';
import { BadImageError } from './bad-image.js';
import { hasPlainInks, inksAsTiff } from './cmyk-jpeg.js';
import { imageFormat } from './content.js';
import { fillBeside, opaqueGif } from './gif.js';
import { isPlainJpeg, openJpegDecoder } from './jpeg.js';
import { type JpegHeader, readJpegHeader } from './jpeg-header.js';
import { readPngHeader } from './png-header.js';
import { decodePnm, readPnmHeader } from './pnm.js';
import { canResize, type Picture, resizePicture, resizeRoom } from './resize.js';

/** Largest image that is decoded, in pixels: Pillow's warning limit, 256 MiB of RGB. */
export const pixelLimit = 89_478_485;

/** Chooses the part of a photograph to keep; the same each time it is called. */
export type ChoosePart = (photograph: PixelSize) => PixelBox;

/** How an image is decoded. */
export interface DecodeOptions {
  /** The part to keep; the largest central one of the shape's proportions by default. */
  readonly choosePart?: ChoosePart;
  /** Largest image that is decoded, in pixels; 89,478,485 by default. */
  readonly mostPixels?: number;
  /**
   * Whether plain JPEGs are decoded at once on this thread, by TensorFlow: quicker, but the thread does nothing else
   * meanwhile. The pixels are the same.
   */
  readonly onThisThread?: boolean;
  /** Refuse an image of another size than the shape's instead of resizing it. */
  readonly exact?: boolean;
}

/** An image of another size than the one that all should have. */
export class OtherSizeError extends BadImageError {
  readonly size: PixelSize;

  constructor(shape: PixelSize, size: PixelSize) {
    super(`an image of ${shape.height}x${shape.width}`, `one of ${size.height}x${size.width}`);
    this.size = size;
  }
}

/** An image that can be decoded in steps, and its size once upright. */
interface OpenedImage {
  readonly image: Sharp;
  readonly size: PixelSize;
}

/** Depths that fit 8 bits: 16 bits keep the high byte. */
const depths: ReadonlySet<string> = new Set(['uchar', 'ushort']);

/**
 * The image to decode; turning is only asked for where it may be needed.
 *
 * Transparency is dropped as Pillow's `convert('RGB')` does for torchvision and Keras, the colours below it kept. That is
 * done to the whole image before anything else, since sharp's resizing turns transparent pixels black.
 */
async function openImage(encoded: Buffer, mostPixels: number): Promise<OpenedImage> {
  const options = { failOn: 'error', limitInputPixels: mostPixels } as const;
  const format = imageFormat(encoded);
  if (format === 'PPM' || format === 'PGM') {
    const { width, height } = readPnmHeader(encoded);
    if (width * height > mostPixels) throw new BadImageError(`at most ${mostPixels} pixels`, `${width}x${height}`);
    const { data, channels } = decodePnm(encoded);
    return { image: sharp(data, { raw: { width, height, channels } }), size: { width, height } };
  }
  const header = format === 'JPEG' ? readJpegHeader(encoded) : undefined;
  const upright = header?.orientation === 1 && header.components !== 4 ? header : undefined;
  const plain = upright ?? (format === 'PNG' ? readPngHeader(encoded) : undefined);
  if (plain !== undefined) return { image: sharp(encoded, options), size: plain };
  const gif = format === 'GIF' ? opaqueGif(encoded) : undefined;
  const inks = hasPlainInks(encoded, header?.components ?? 0) ? await inksAsTiff(encoded, mostPixels) : undefined;
  const image = sharp(gif?.bytes ?? inks ?? encoded, { ...options, autoOrient: true });
  const { autoOrient, hasAlpha, depth } = await image.metadata();
  if (!depths.has(depth)) throw new BadImageError('an image of 8 or 16 bits a channel', `one of ${depthName(depth)}`);
  const size = { width: autoOrient.width, height: autoOrient.height };
  if (gif !== undefined && (gif.frame.width < size.width || gif.frame.height < size.height)) {
    return { image: await fillBeside(image, gif), size };
  }
  if (!hasAlpha) return { image, size };
  const { data, info } = await image
    .removeAlpha()
    .toColourspace('srgb')
    .raw({ depth: 'uchar' })
    .toBuffer({ resolveWithObject: true });
  return { image: sharp(data, { raw: info }), size: { width: info.width, height: info.height } };
}

function depthName(depth: string): string {
  const names: Readonly<Record<string, string>> = {
    float: '32-bit floating point',
    double: '64-bit floating point',
    int: '32-bit integer',
    uint: '32-bit integer',
    char: 'signed 8-bit integer',
    short: 'signed 16-bit integer',
  };
  return `${names[depth] ?? depth} values, whose range it does not say`;
}

/**
 * The size of an encoded image once it is upright, from its header.
 *
 * @throws BadImageError when it is none that can be decoded.
 */
export async function imageSize(encoded: Uint8Array): Promise<PixelSize> {
  const bytes = asBuffer(encoded);
  return guarded(async () => (await openImage(bytes, pixelLimit)).size);
}

const asBuffer = (bytes: Uint8Array): Buffer => Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);

/**
 * Decodes an image and brings the chosen part to `shape`, written to `into`: 8 bits, channels last.
 *
 * A part that shrinks to half or less is cut after resizing, so that JPEG and WebP decode at a fraction of their size;
 * any other is cut first, so that rows below it are never decoded, and then resized as Pillow's `BILINEAR` does. One
 * channel is the luma of the colours, as Pillow's `convert('L')`.
 *
 * @throws BadImageError saying what was expected and found.
 */
export async function decodeImage(
  encoded: Uint8Array,
  shape: ImageShape,
  into: Uint8Array,
  options: DecodeOptions = {},
): Promise<void> {
  const bytes = asBuffer(encoded);
  if (shape.channels === 3) return guarded(() => decodeColours(bytes, shape, into, options));
  const colours = new Uint8Array(shape.width * shape.height * 3);
  await guarded(() => decodeColours(bytes, shape, colours, options));
  writeLuma(colours, into);
}

/** Luma of ITU-R BT.601 in Pillow's integer arithmetic (`L24` of its Convert.c). */
function writeLuma(colours: Uint8Array, into: Uint8Array): void {
  for (let pixel = 0, at = 0; at < colours.length; pixel++, at += 3) {
    const [red, green, blue] = [colours[at] as number, colours[at + 1] as number, colours[at + 2] as number];
    into[pixel] = (red * 19_595 + green * 38_470 + blue * 7_471 + 0x8000) >> 16;
  }
}

/**
 * libvips keeps the text of errors for the whole process: a decode that ends meanwhile wipes it, and sharp then says
 * this. The image is bad all the same; it is decoded again for the reason only.
 */
const lostReason = 'Unknown error';
const reasonAttempts = 3;

/** Runs a decode; whatever sharp throws becomes a BadImageError with its first line, which says it all. */
async function guarded<Result>(decode: () => Promise<Result>): Promise<Result> {
  for (let attempt = 1; ; attempt++) {
    try {
      return await decode();
    } catch (error) {
      if (error instanceof BadImageError || error instanceof RangeError || error instanceof TypeError) throw error;
      const reason = (error instanceof Error ? error.message : String(error)).split('\n')[0]?.trim() ?? '';
      if (reason === lostReason && attempt < reasonAttempts) continue;
      const told = reason === lostReason ? 'it is damaged or cut short' : reason;
      throw new BadImageError('a whole image', `data that cannot be decoded: ${told}`, error);
    }
  }
}

async function decodeColours(
  bytes: Buffer,
  shape: ImageShape,
  into: Uint8Array,
  { choosePart, mostPixels = pixelLimit, onThisThread = false, exact = false }: DecodeOptions,
): Promise<void> {
  const target: Picture = { width: shape.width, height: shape.height, channels: 3 };
  const partOf = (size: PixelSize): PixelBox => {
    if (exact && (size.width !== shape.width || size.height !== shape.height)) throw new OtherSizeError(shape, size);
    return choosePart?.(size) ?? centralPart(size, shape);
  };
  const header = onThisThread ? readJpegHeader(bytes) : undefined;
  if (header !== undefined && isPlainJpeg(header, 3) && header.width * header.height <= mostPixels) {
    const box = partOf(header);
    if (shrinkage(box, shape) < 2 && canResize(box, target) && (await decodePlain(bytes, header, box, target, into)))
      return;
  }
  const { image, size } = await openImage(bytes, mostPixels);
  const box = partOf(size);
  const whole = box.width === size.width && box.height === size.height;
  const shrink = shrinkage(box, shape);
  if (shrink >= 2 && !whole) {
    into.set(await toPixels(cutAfterResize(image, size, box, shape), target));
    return;
  }
  const part = whole ? image : image.extract(box);
  if (box.width === shape.width && box.height === shape.height) {
    into.set(await toPixels(part, target));
    return;
  }
  if (shrink < 2 && canResize(box, target)) {
    const source = { width: box.width, height: box.height, channels: target.channels };
    resizePicture(await toPixels(part, source), source, target, into);
    return;
  }
  into.set(await toPixels(part.resize(shape.width, shape.height, { fit: 'fill', kernel: 'linear' }), target));
}

/** How many times smaller a part becomes, along the axis that shrinks less. */
export const shrinkage = (box: PixelBox, shape: ImageShape): number =>
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
    .toColourspace('srgb')
    .raw({ depth: 'uchar' })
    .toBuffer({ resolveWithObject: true });
  if (info.width !== picture.width || info.height !== picture.height || info.channels !== picture.channels) {
    const expected = `${picture.width}x${picture.height} pixels of ${picture.channels} channels`;
    throw new BadImageError(expected, `${info.width}x${info.height} pixels of ${info.channels} channels`);
  }
  return data;
}

/** Resizes the whole so that the part has the target's size, then cuts it out; its place is rounded to a pixel. */
function cutAfterResize(image: Sharp, size: PixelSize, box: PixelBox, shape: ImageShape): Sharp {
  const width = Math.max(shape.width, Math.round((size.width * shape.width) / box.width));
  const height = Math.max(shape.height, Math.round((size.height * shape.height) / box.height));
  return image.resize(width, height, { fit: 'fill', kernel: 'linear' }).extract({
    left: Math.min(width - shape.width, Math.round((box.left * shape.width) / box.width)),
    top: Math.min(height - shape.height, Math.round((box.top * shape.height) / box.height)),
    width: shape.width,
    height: shape.height,
  });
}
