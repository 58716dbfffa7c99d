import sharp from 'sharp';
import { type Dataset, imageBytes } from '../contracts/index.js';

/** An image of pixels in memory as a PNG file, which holds them to the bit. */
export function pngOf(pixels: Uint8Array, shape: Dataset['shape'], sample: number): Promise<Buffer> {
  const { height, width } = shape;
  const channels = shape.channels as 1 | 3;
  const bytes = imageBytes(shape);
  const copy = Buffer.from(pixels.subarray(sample * bytes, (sample + 1) * bytes));
  const image = sharp(copy, { raw: { height, width, channels } });
  return (channels === 1 ? image.toColourspace('b-w') : image).png().toBuffer();
}
