import { type ImageShape, imageBytes } from '../contracts/index.js';
import { BadImageError } from './bad-image.js';
import { decodeImage } from './decode.js';
import { decodeJpegColumn } from './jpeg-column.js';

/** The images of a batch behind each other; those in `bad` are zeros. */
interface DecodedBatch {
  readonly pixels: Uint8Array;
  readonly bad: readonly { readonly index: number; readonly error: BadImageError }[];
}

/**
 * Decodes images to one shape: all in one call where they are plain JPEG images of that size, else one by one; the pixels
 * are the same.
 *
 * @param exact whether an image of another size is bad.
 */
export async function decodeBatch(
  encoded: readonly Uint8Array[],
  shape: ImageShape,
  exact: boolean,
): Promise<DecodedBatch> {
  const column = shape.channels === 3 ? await decodeJpegColumn(encoded, shape) : undefined;
  if (column !== undefined) return { pixels: column, bad: [] };
  const bytes = imageBytes(shape);
  const pixels = new Uint8Array(encoded.length * bytes);
  const bad: { index: number; error: BadImageError }[] = [];
  for (const [index, image] of encoded.entries()) {
    try {
      await decodeImage(image, shape, pixels.subarray(index * bytes, (index + 1) * bytes), { exact });
    } catch (error) {
      if (!(error instanceof BadImageError)) throw error;
      bad.push({ index, error });
    }
  }
  return { pixels, bad };
}
