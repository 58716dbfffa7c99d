import { fileError } from '../base/errors.js';
import { type ImageShape, imageBytes } from '../contracts/index.js';
import { ByteReader, fileBytes } from './bytes.js';
import { limits } from './limits.js';
import { allocateLabels, allocatePixels } from './stores.js';

/**
 * IDX, the format of MNIST (LeCun, Cortes, Burges, "The MNIST database of handwritten digits"): four magic bytes
 * (0, 0, element type, number of dimensions), each dimension as a big-endian 32-bit integer, then the elements.
 */
const unsignedByte = 0x08;
const largestSide = 4096;

async function readHeader(file: string, reader: ByteReader, dimensions: number): Promise<number[]> {
  const magic = await reader.take(4, 'IDX header');
  const expected = Buffer.from([0, 0, unsignedByte, dimensions]);
  if (!magic.equals(expected)) {
    throw fileError('CONVOY_DATA', file, 'byte 0', `IDX magic ${expected.toString('hex')}`, magic.toString('hex'));
  }
  const header = await reader.take(4 * dimensions, 'IDX header');
  return Array.from({ length: dimensions }, (_, dimension) => header.readUInt32BE(4 * dimension));
}

/** Images of an IDX file. */
export interface IdxImages {
  readonly count: number;
  readonly shape: ImageShape;
  readonly pixels: Uint8Array<SharedArrayBuffer>;
}

/**
 * Reads an IDX file of greyscale images ([count, height, width] of unsigned bytes), gzip or not. Unpacking stops at
 * the first byte beyond what the header states.
 *
 * @param shape the size the images must have.
 * @throws ConvoyError `CONVOY_DATA` naming file, byte, expectation.
 */
export async function readIdxImages(file: string, shape: ImageShape, signal?: AbortSignal): Promise<IdxImages> {
  const reader = new ByteReader(file, fileBytes(file, signal));
  try {
    const [count = 0, height = 0, width = 0] = await readHeader(file, reader, 3);
    if (height !== shape.height || width !== shape.width || height > largestSide || width > largestSide) {
      const expected = `images of ${shape.height}x${shape.width}`;
      throw fileError('CONVOY_DATA', file, 'byte 8', expected, `${height}x${width}`);
    }
    if (count === 0) throw fileError('CONVOY_DATA', file, 'byte 4', 'at least one image', '0');
    const size = imageBytes(shape);
    if (count * size > limits.pixelStoreBytes) {
      const expected = `at most ${Math.floor(limits.pixelStoreBytes / size)} images of this size`;
      throw fileError('CONVOY_DATA', file, 'byte 4', expected, String(count));
    }
    const pixels = allocatePixels(count, shape, file);
    await reader.fill(pixels, `pixels of ${count} images`);
    await reader.end();
    return { count, shape, pixels };
  } finally {
    await reader.close();
  }
}

/**
 * Reads an IDX file of labels ([count] of unsigned bytes), gzip or not.
 *
 * @param classes labels must be below it.
 * @param count labels there must be.
 * @throws ConvoyError `CONVOY_DATA` naming file, byte, expectation.
 */
export async function readIdxLabels(
  file: string,
  classes: number,
  count: number,
  signal?: AbortSignal,
): Promise<Int32Array<SharedArrayBuffer>> {
  const reader = new ByteReader(file, fileBytes(file, signal));
  try {
    const [found = 0] = await readHeader(file, reader, 1);
    if (found !== count) {
      throw fileError('CONVOY_DATA', file, 'byte 4', `${count} labels, one for each image`, String(found));
    }
    const start = reader.offset;
    const bytes = await reader.take(count, 'labels');
    await reader.end();
    return checkedLabels(file, bytes, classes, (index) => `byte ${start + index}`);
  } finally {
    await reader.close();
  }
}

/** Labels widened to int32 after checking each; `place` names where a label lies in the file. */
export function checkedLabels(
  file: string,
  bytes: Uint8Array,
  classes: number,
  place: (index: number) => string,
): Int32Array<SharedArrayBuffer> {
  const labels = allocateLabels(bytes.length);
  bytes.forEach((label, index) => {
    if (label >= classes) {
      throw fileError('CONVOY_DATA', file, place(index), `a label from 0 to ${classes - 1}`, String(label));
    }
    labels[index] = label;
  });
  return labels;
}
