import { BadImageError, decodeImage, type ImageSize } from './decode.js';
import { decodeJpegColumn } from './jpeg-column.js';

/** The images of a batch behind each other, three channels; those in `bad` are zeros. */
interface DecodedBatch {
  readonly pixels: Uint8Array;
  readonly bad: readonly { readonly index: number; readonly reason: string }[];
}

/**
 * Decodes images to one size: all in one call where they are plain JPEG images of that size, else one by one.
 *
 * @param resize whether images of another size are scaled or refused.
 */
export async function decodeBatch(
  encoded: readonly Uint8Array[],
  size: ImageSize,
  resize: boolean,
): Promise<DecodedBatch> {
  const column = await decodeJpegColumn(encoded, size);
  if (column !== undefined) return { pixels: column, bad: [] };
  const imageBytes = size.height * size.width * 3;
  const pixels = new Uint8Array(encoded.length * imageBytes);
  const bad: { index: number; reason: string }[] = [];
  for (const [index, image] of encoded.entries()) {
    try {
      pixels.set(await decodeImage(image, size, resize), index * imageBytes);
    } catch (error) {
      if (!(error instanceof BadImageError)) throw error;
      bad.push({ index, reason: error.message });
    }
  }
  return { pixels, bad };
}
