import sharp from 'sharp';
import type { ImageShape } from './contracts/index.js';
import { fileError } from './errors.js';

/**
 * Pixels of an image file as a network sees it: turned upright, cut to the shape's proportions and brought to its size.
 *
 * @returns [height, width, channels] uint8.
 * @throws ConvoyError `CONVOY_DATA` when it is no image or damaged.
 */
export async function decodeImageFile(file: string, { height, width, channels }: ImageShape): Promise<Uint8Array> {
  try {
    const image = sharp(file, { failOn: 'truncated' }).rotate().resize(width, height, { fit: 'cover' }).flatten({ background: '#000' });
    return await (channels === 1 ? image.greyscale().toColourspace('b-w') : image.toColourspace('srgb')).raw().toBuffer();
  } catch (error) {
    throw fileError('CONVOY_DATA', file, '', 'an image', (error as Error).message, error);
  }
}
