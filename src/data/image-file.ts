import { readFile } from 'node:fs/promises';
import { ConvoyError, fileError } from '../base/errors.js';
import type { ImageShape } from '../contracts/index.js';
import { BadImageError, decodeImage } from './decode.js';

/**
 * Pixels of an image file as training sees those of a folder: turned upright, cut to the shape's proportions, brought
 * to its size, transparent parts laid on white.
 *
 * @returns [height, width, channels] uint8.
 * @throws ConvoyError `CONVOY_DATA` when it is missing, no image or damaged.
 */
export async function decodeImageFile(file: string, shape: ImageShape): Promise<Uint8Array> {
  let encoded: Buffer;
  try {
    encoded = await readFile(file);
  } catch (error) {
    const { code, message } = error as NodeJS.ErrnoException;
    throw fileError('CONVOY_DATA', file, '', 'an image', code === 'ENOENT' ? 'no such file' : message, error);
  }
  return decodeImageBytes(file, encoded, shape);
}

/** The same of an image's bytes; `file` names them in messages. */
export async function decodeImageBytes(
  file: string,
  encoded: Buffer,
  { height, width, channels }: ImageShape,
): Promise<Uint8Array> {
  let colour: Uint8Array;
  try {
    colour = await decodeImage(encoded, { height, width }, true);
  } catch (error) {
    if (error instanceof BadImageError)
      throw new ConvoyError('CONVOY_DATA', `${file}: ${error.message}`, { file }, error);
    throw fileError('CONVOY_DATA', file, '', 'an image', (error as Error).message, error);
  }
  return channels === 1 ? luma(colour) : colour;
}

/** Luma of ITU-R BT.601, as Pillow and OpenCV turn colour to grey. */
function luma(colour: Uint8Array): Uint8Array {
  const grey = new Uint8Array(colour.length / 3);
  for (let pixel = 0; pixel < grey.length; pixel++) {
    const [red = 0, green = 0, blue = 0] = colour.subarray(pixel * 3, pixel * 3 + 3);
    grey[pixel] = Math.round(0.299 * red + 0.587 * green + 0.114 * blue);
  }
  return grey;
}
