import { valueError } from '../base/errors.js';
import { type Tensor, tf } from '../base/tf.js';
import { type ImageShape, imageBytes } from '../contracts/index.js';
import { decodeImageBytes, decodeImageFile } from '../images/index.js';

/** Nested arrays of pixel values from 0 to 255: [height][width][channels], or [height][width] for grey images. */
export type NestedPixels = readonly (readonly number[])[] | readonly (readonly (readonly number[])[])[];

/** The bytes of an image file. */
export interface EncodedImage {
  readonly encoded: Uint8Array;
  /** For messages. */
  readonly name?: string;
}

/**
 * One image: the path of a file, a tensor of pixel values from 0 to 255 ([height, width, channels], or [height, width] for a
 * grey image), nested arrays of them, or all of them in a row.
 */
export type ImageInput = string | EncodedImage | Tensor | NestedPixels | Uint8Array | Uint8ClampedArray;

/** Images: one or several, or a tensor of several ([n, height, width, channels]). */
export type ImagesInput = ImageInput | readonly ImageInput[];

/**
 * Images as a list of single ones. A tensor of rank 4 is split, nested arrays of depth 4 too.
 *
 * @returns each with the file that it came from, where it came from one.
 */
export function listImages(images: ImagesInput, channels: number): ImageInput[] {
  if (images instanceof tf.Tensor) return images.rank === 4 ? tf.unstack(images) : [images];
  if (!Array.isArray(images)) return [images as ImageInput];
  return nestedDepth(images) === (channels === 1 ? 2 : 3) || nestedDepth(images) === 3
    ? [images as NestedPixels]
    : ([...images] as ImageInput[]);
}

/**
 * The pixels of an image in the shape that a network takes, [height, width, channels] from 0 to 255. Files are decoded and
 * resized as those of the training; pixels must have the size.
 *
 * @throws ConvoyError `CONVOY_DATA` for a file that cannot be decoded; `CONVOY_OPTION` for pixels of another size or range.
 */
export async function pixelsOf(image: ImageInput, shape: ImageShape): Promise<Float32Array> {
  if (typeof image === 'string') {
    const pixels = new Uint8Array(imageBytes(shape));
    await decodeImageFile(image, shape, pixels);
    return Float32Array.from(pixels);
  }
  if (isEncoded(image)) {
    const pixels = new Uint8Array(imageBytes(shape));
    await decodeImageBytes(image.encoded, shape, pixels, image.name ?? 'an image');
    return Float32Array.from(pixels);
  }
  const { height, width, channels } = shape;
  const expected = `${height}x${width}x${channels}`;
  const { values, size } = await flatten(image);
  const fits = size.join('x') === expected || (channels === 1 && size.join('x') === `${height}x${width}`);
  const row = size.length === 1 && size[0] === height * width * channels;
  if (!fits && !row) throw valueError('an image', `pixels of ${expected} (files are resized)`, size.join('x'));
  for (const value of values) {
    if (!(value >= 0 && value <= 255)) throw valueError('an image', 'pixel values from 0 to 255', value);
  }
  if (values.every((value) => value <= 1) && values.some((value) => value > 0 && value < 1)) {
    throw valueError('an image', 'pixel values from 0 to 255 (multiply shares from 0 to 1 by 255)', 'values below 1');
  }
  return values;
}

async function flatten(
  image: Exclude<ImageInput, string | EncodedImage>,
): Promise<{ values: Float32Array; size: readonly number[] }> {
  if (image instanceof tf.Tensor) return { values: Float32Array.from(await image.data()), size: image.shape };
  if (ArrayBuffer.isView(image)) return { values: Float32Array.from(image), size: [image.length] };
  const size: number[] = [];
  for (let at: unknown = image; Array.isArray(at); at = at[0]) size.push(at.length);
  return { values: Float32Array.from((image as unknown[]).flat(3) as number[]), size };
}

function isEncoded(image: Exclude<ImageInput, string>): image is EncodedImage {
  return 'encoded' in image;
}

/** How many levels of arrays of numbers there are; 0 where the innermost are no numbers. */
function nestedDepth(value: unknown): number {
  let depth = 0;
  let at: unknown = value;
  for (; Array.isArray(at); at = at[0]) depth += 1;
  return typeof at === 'number' ? depth : 0;
}
