import { fileError } from '../../base/errors.js';
import { type ImageShape, imageBytes } from '../../contracts/index.js';
import { ByteReader, fileBytes } from '../bytes.js';
import { firstEntry } from '../entries.js';
import { limits } from '../limits.js';
import { decodedSplits } from '../splits.js';
import { allocateLabels, allocatePixels, type LabelledPixels } from '../stores.js';
import { defineDatasetFormat } from './define.js';

/**
 * IDX, the format of MNIST (LeCun, Cortes, Burges, "The MNIST database of handwritten digits"): four magic bytes
 * (0, 0, element type, number of dimensions), each dimension as a big-endian 32-bit integer, then the elements.
 */
const unsignedByte = 0x08;
const largestSide = 4096;
/** Most classes that labels of one byte tell apart. */
const mostClasses = 256;

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
interface IdxImages {
  readonly count: number;
  readonly shape: ImageShape;
  readonly pixels: Uint8Array<SharedArrayBuffer>;
}

/**
 * Reads an IDX file of greyscale images ([count, height, width] of unsigned bytes), gzip or not. Unpacking stops at
 * the first byte beyond what the header states.
 *
 * @param shape the size the images must have; any where it is not known.
 * @throws ConvoyError `CONVOY_DATA` naming file, byte, expectation.
 */
export async function readIdxImages(
  file: string,
  shape: ImageShape | undefined,
  signal?: AbortSignal,
): Promise<IdxImages> {
  const reader = new ByteReader(file, fileBytes(file, signal));
  try {
    const [count = 0, height = 0, width = 0] = await readHeader(file, reader, 3);
    const size = shape === undefined ? `1x1 to ${largestSide}x${largestSide}` : `${shape.height}x${shape.width}`;
    const fits = shape === undefined ? Math.min(height, width) >= 1 : height === shape.height && width === shape.width;
    if (!fits || height > largestSide || width > largestSide) {
      throw fileError('CONVOY_DATA', file, 'byte 8', `images of ${size}`, `${height}x${width}`);
    }
    if (count === 0) throw fileError('CONVOY_DATA', file, 'byte 4', 'at least one image', '0');
    const found: ImageShape = { height, width, channels: 1 };
    const bytes = imageBytes(found);
    if (count * bytes > limits.pixelStoreBytes) {
      const expected = `at most ${Math.floor(limits.pixelStoreBytes / bytes)} images of this size`;
      throw fileError('CONVOY_DATA', file, 'byte 4', expected, String(count));
    }
    const pixels = allocatePixels(count, found, file);
    await reader.fill(pixels, `pixels of ${count} images`);
    await reader.end();
    return { count, shape: found, pixels };
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
function checkedLabels(
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

/** The four files of an MNIST-like dataset. */
interface IdxFiles {
  readonly trainImages: string;
  readonly trainLabels: string;
  readonly testImages: string;
  readonly testLabels: string;
}

/** The four files, or what is missing of them. */
async function findFiles(folder: string): Promise<IdxFiles | string> {
  // Unpacked copies are spelt with a dot before `idx` by some tools.
  const one = (stem: string, idx: string): Promise<string | undefined> => {
    const plain = [`${stem}-${idx}-ubyte`, `${stem}.${idx}-ubyte`];
    return firstEntry(folder, [...plain, ...plain.map((name) => `${name}.gz`)], 'file');
  };
  const trainImages = await one('train-images', 'idx3');
  const trainLabels = await one('train-labels', 'idx1');
  const testImages = await one('t10k-images', 'idx3');
  const testLabels = await one('t10k-labels', 'idx1');
  if (trainImages && trainLabels && testImages && testLabels) {
    return { trainImages, trainLabels, testImages, testLabels };
  }
  const missing = Object.entries({
    'train-images-idx3-ubyte': trainImages,
    'train-labels-idx1-ubyte': trainLabels,
    't10k-images-idx3-ubyte': testImages,
    't10k-labels-idx1-ubyte': testLabels,
  }).filter(([, file]) => file === undefined);
  return `no ${missing.map(([name]) => name).join(', ')}`;
}

/** MNIST and what is published in its form; classes are called 0, 1, 2... where they are not known. */
export const idx = defineDatasetFormat<IdxFiles>({
  name: 'idx',
  description: 'a folder of four IDX files (as MNIST)',
  async find(folder) {
    const source = await findFiles(folder);
    return typeof source === 'string' ? source : { path: folder, source };
  },
  async open(files, { name, known, options: { signal } }) {
    const read = async (images: string, labels: string): Promise<LabelledPixels> => {
      const decoded = await readIdxImages(images, known?.shape, signal);
      const most = known?.classes.length ?? mostClasses;
      return { ...decoded, labels: await readIdxLabels(labels, most, decoded.count, signal) };
    };
    const train = await read(files.trainImages, files.trainLabels);
    const test = await read(files.testImages, files.testLabels);
    const classes = known?.classes ?? numberedClasses(train.labels, test.labels);
    return decodedSplits(name, { classes, train, test, badImages: [] });
  },
});

/** Names of classes that have none: their numbers, up to the largest label. */
export function numberedClasses(...labels: readonly Int32Array[]): string[] {
  const largest = labels.reduce((most, part) => part.reduce((a, b) => Math.max(a, b), most), 0);
  return Array.from({ length: largest + 1 }, (_, label) => String(label));
}
