import sharp from 'sharp';
import type { Picture } from '../../base/picture.js';
import type { Packed, Sheet } from '../types.js';

/** Larger images do not fit into WebP. */
const widest = 4096;

/**
 * Pictures of one size as one image. Large ones are made smaller; small ones stay as they are, for the page to enlarge.
 *
 * @param side pixels of the longer side at most.
 */
export async function sheetOf(pictures: readonly Picture[], side = 64): Promise<Sheet> {
  const [first] = pictures;
  if (first === undefined) return { uri: '', width: 1, height: 1, columns: 1, count: 0 };
  const scale = Math.min(1, side / Math.max(first.width, first.height));
  const width = Math.max(1, Math.round(first.width * scale));
  const height = Math.max(1, Math.round(first.height * scale));
  const columns = Math.max(1, Math.min(Math.floor(widest / width), Math.ceil(Math.sqrt(pictures.length))));
  const rows = Math.ceil(pictures.length / columns);
  const row = width * columns * 3;
  const canvas = Buffer.alloc(row * height * rows);
  for (const [index, picture] of pictures.entries()) {
    const pixels = await rgb(picture, width, height);
    const top = Math.floor(index / columns) * height;
    const left = (index % columns) * width * 3;
    for (let y = 0; y < height; y++) {
      canvas.set(pixels.subarray(y * width * 3, (y + 1) * width * 3), (top + y) * row + left);
    }
  }
  const image = sharp(canvas, { raw: { width: width * columns, height: height * rows, channels: 3 } });
  // Small pictures are enlarged pixel by pixel, where losses would be seen.
  const bytes = await (scale === 1 && canvas.length < 4_000_000
    ? image.webp({ lossless: true, effort: 2 })
    : image.webp({ quality: 88, effort: 2 })
  ).toBuffer();
  return { uri: dataUri('webp', bytes), width, height, columns, count: pictures.length };
}

/** One picture as a PNG, at most `side` pixels long. */
export async function pictureUri(picture: Picture, side: number): Promise<string> {
  const { width, height, pixels } = picture;
  const channels = picture.channels === 1 ? 1 : 3;
  const image = sharp(pixels, { raw: { width, height, channels } });
  const sized = Math.max(width, height) > side ? image.resize(side, side, { fit: 'inside' }) : image;
  return dataUri('png', await sized.png().toBuffer());
}

async function rgb(picture: Picture, width: number, height: number): Promise<Uint8Array> {
  const { pixels } = picture;
  const channels = picture.channels === 1 ? 1 : 3;
  const source =
    width === picture.width && height === picture.height
      ? pixels
      : await sharp(pixels, { raw: { width: picture.width, height: picture.height, channels } })
          .resize(width, height, { fit: 'fill' })
          .raw()
          .toBuffer();
  const found = source.length / (width * height);
  if (found === 3) return source;
  return Uint8Array.from({ length: width * height * 3 }, (_, i) => source[Math.floor(i / 3) * found] ?? 0);
}

function dataUri(kind: string, bytes: Uint8Array): string {
  return `data:image/${kind};base64,${Buffer.from(bytes).toString('base64')}`;
}

/** Float32 values for the page. */
export function packFloats(values: Float32Array, shape: readonly number[]): Packed {
  const bytes = Buffer.from(values.buffer, values.byteOffset, values.byteLength);
  return { type: 'float32', shape: [...shape], base64: bytes.toString('base64') };
}

/** Values from `low` to `high` in 256 steps. */
export function packScaled(values: ArrayLike<number>, shape: readonly number[], low: number, high: number): Packed {
  const span = high - low || 1;
  const bytes = Uint8Array.from(values, (value) => Math.round((255 * (value - low)) / span));
  return { type: 'uint8', shape: [...shape], base64: Buffer.from(bytes).toString('base64') };
}

/** The smallest and the largest finite value. */
export function rangeOf(values: ArrayLike<number>): { readonly low: number; readonly high: number } {
  let low = Number.POSITIVE_INFINITY;
  let high = Number.NEGATIVE_INFINITY;
  for (let i = 0; i < values.length; i++) {
    const value = values[i] as number;
    if (!Number.isFinite(value)) continue;
    low = Math.min(low, value);
    high = Math.max(high, value);
  }
  return low > high ? { low: 0, high: 0 } : { low, high };
}
