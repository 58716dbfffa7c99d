import { valueError } from '../base/errors.js';
import { type Numbers, numbersOf, type SizedNumbers } from '../base/numbers-of.js';
import { type ImageShape, imageBytes } from '../contracts/index.js';
import { decodeImageBytes, decodeImageFile } from '../images/index.js';

/** The bytes of an image file. */
export interface EncodedImage {
  readonly encoded: Uint8Array;
  /** For messages. */
  readonly name?: string;
}

/**
 * One image: the path of a file, or pixel values: a tensor or nested arrays ([height, width, channels], or [height, width] for a
 * grey image), or all of them in a row.
 */
export type ImageInput = string | EncodedImage | Numbers;

/** Images: one or several, or the pixel values of several ([n, height, width, channels], or [n, height, width] for grey ones). */
export type ImagesInput = ImageInput | readonly ImageInput[];

/** How pixel values are meant. */
export interface PixelOptions {
  /** The pixel value of white: 255, the default, or 1 for pixels from 0 to 1. Files have their own. */
  readonly white?: 1 | 255;
}

/** An image by itself. */
export type SingleImage = string | EncodedImage | SizedNumbers;

/**
 * Images as a list of single ones.
 *
 * @param shape of an image, as the network takes it.
 */
export function listImages(images: ImagesInput, shape: ImageShape): SingleImage[] {
  if (typeof images === 'string' || isEncoded(images)) return [images];
  if (Array.isArray(images) && !isOneImage(nestedSize(images), shape)) {
    return images.flatMap((image: ImageInput) => listImages(image, shape));
  }
  const { values, size } = numbersOf(images, 'images');
  const each = imageBytes(shape);
  const several = size.length === 1 ? values.length > each && values.length % each === 0 : !isOneImage(size, shape);
  if (!several) return [{ values, size }];
  const count = size.length === 1 ? values.length / each : (size[0] ?? 0);
  const length = values.length / count;
  const all = Float32Array.from(values);
  return Array.from({ length: count }, (_, index) => ({
    values: all.subarray(index * length, (index + 1) * length),
    size: size.length === 1 ? [length] : size.slice(1),
  }));
}

/** Whether values of this size are one image; of grey images, three sides may also be several of [height, width]. */
function isOneImage(size: readonly number[], { channels }: ImageShape): boolean {
  if (size.length === 0) return false;
  return size.length < 3 || (size.length === 3 && (channels > 1 || size[2] === 1));
}

/**
 * The pixels of an image in the shape that a network takes, [height, width, channels] from 0 to 255. Files are decoded and
 * resized as those of the training; pixels must have the size.
 *
 * @throws ConvoyError `CONVOY_DATA` for a file that cannot be decoded; `CONVOY_OPTION` for pixels of another size or range.
 */
export async function pixelsOf(
  image: SingleImage,
  shape: ImageShape,
  { white }: PixelOptions = {},
): Promise<Float32Array> {
  if (typeof image === 'string') {
    const pixels = new Uint8Array(imageBytes(shape));
    await decodeImageFile(image, shape, pixels);
    return Float32Array.from(pixels);
  }
  if ('encoded' in image) {
    const pixels = new Uint8Array(imageBytes(shape));
    await decodeImageBytes(image.encoded, shape, pixels, image.name ?? 'an image');
    return Float32Array.from(pixels);
  }
  const { height, width, channels } = shape;
  const expected = `${height}x${width}x${channels}`;
  const size = image.size.join('x');
  const fits = size === expected || (channels === 1 && size === `${height}x${width}`);
  if (!fits && size !== `${imageBytes(shape)}`) {
    throw valueError('an image', `pixels of ${expected} (files are resized)`, size);
  }
  if (white !== undefined && white !== 1 && white !== 255) throw valueError('white', '1 or 255', white);
  const values = Float32Array.from(image.values);
  const most = white ?? 255;
  const wrong = values.find((value) => !(value >= 0 && value <= most));
  if (wrong !== undefined) throw valueError('an image', `pixel values from 0 to ${most}`, wrong);
  if (white === undefined && values.every((value) => value <= 1)) {
    const share = values.find((value) => value > 0 && value < 1);
    const advice = 'say { white: 1 } for pixels from 0 to 1';
    if (share !== undefined) throw valueError('an image', 'pixel values from 0 to 255', share, advice);
  }
  return most === 255 ? values : values.map((value) => (value * 255) / most);
}

function isEncoded(image: Exclude<ImagesInput, string>): image is EncodedImage {
  return typeof image === 'object' && image !== null && 'encoded' in image;
}

/** Lengths of nested arrays of numbers, as their first parts have them; empty where the innermost are no numbers. */
function nestedSize(value: unknown): number[] {
  const size: number[] = [];
  let at: unknown = value;
  for (; Array.isArray(at); at = at[0]) size.push(at.length);
  return typeof at === 'number' ? size : [];
}
