/**
 * NumPy archives of images and labels, as Keras (`x_train`, `y_train`, `x_test`, `y_test`) and MedMNIST (`train_images`,
 * `train_labels`, `val_images`...) publish them: a ZIP file of arrays in NumPy's own format
 * (numpy.lib.format, version 1 to 3).
 */
import { readFile, stat } from 'node:fs/promises';
import { unzipSync } from 'fflate';
import { fileError } from '../../base/errors.js';
import { type ImageShape, imageBytes } from '../../contracts/index.js';
import { errorText } from '../bytes.js';
import { entryKind } from '../entries.js';
import { limits } from '../limits.js';
import { type SplitName, splitNames } from '../names.js';
import { decodedSplits } from '../splits.js';
import { allocatePixels, type LabelledPixels } from '../stores.js';
import { defineDatasetFormat } from './define.js';
import { numberedClasses } from './idx.js';
import { type NumpyArray, numpyLabels } from './numpy-array.js';

const magic = '\x93NUMPY';
/** Names of the arrays of a split: images, labels. */
const arrayNames: Readonly<Record<SplitName, readonly (readonly [images: string, labels: string])[]>> = {
  train: [
    ['x_train', 'y_train'],
    ['train_images', 'train_labels'],
  ],
  test: [
    ['x_test', 'y_test'],
    ['test_images', 'test_labels'],
  ],
  validation: [
    ['x_val', 'y_val'],
    ['val_images', 'val_labels'],
  ],
};

function readArray(file: string, name: string, bytes: Uint8Array): NumpyArray {
  const buffer = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const wrong = (expected: string, found: string) => fileError('CONVOY_DATA', file, name, expected, found);
  if (buffer.length < 12 || buffer.toString('latin1', 0, 6) !== magic) throw wrong('an array of NumPy', 'another file');
  const wide = (buffer[6] ?? 0) > 1;
  const start = wide ? 12 : 10;
  const end = start + (wide ? buffer.readUInt32LE(8) : buffer.readUInt16LE(8));
  const header = buffer.toString('utf8', start, end);
  const type = /'descr':\s*'([^']*)'/.exec(header)?.[1];
  const sizes = /'shape':\s*\(([^)]*)\)/.exec(header)?.[1];
  if (type === undefined || sizes === undefined) throw wrong('an array of numbers', header.slice(0, 80));
  if (/'fortran_order':\s*True/.test(header)) throw wrong('rows first (order C)', 'columns first (order F)');
  const shape = sizes
    .split(',')
    .map((size) => size.trim())
    .filter((size) => size !== '')
    .map(Number);
  const data = buffer.subarray(end);
  const needed = shape.reduce((product, size) => product * size, Number(type.slice(2)));
  if (data.length !== needed) throw wrong(`${needed} bytes of ${type} [${shape.join(', ')}]`, `${data.length} bytes`);
  return { type, shape, data };
}

function readImages(file: string, name: string, { type, shape, data }: NumpyArray): Omit<LabelledPixels, 'labels'> {
  const [count = 0, height = 0, width = 0, channels = 1] = shape;
  const fits = (shape.length === 3 || shape.length === 4) && (channels === 1 || channels === 3);
  if (type !== '|u1' || !fits || Math.min(count, height, width) < 1) {
    const expected = 'uint8 images [count, height, width] or [count, height, width, 1 or 3]';
    throw fileError('CONVOY_DATA', file, name, expected, `${type} [${shape.join(', ')}]`);
  }
  const size: ImageShape = { height, width, channels };
  const pixels = allocatePixels(count, size, file);
  pixels.set(data.subarray(0, count * imageBytes(size)));
  return { shape: size, count, pixels };
}

/** The arrays of a file by name. */
async function readArchive(file: string): Promise<ReadonlyMap<string, Uint8Array>> {
  const { size } = await stat(file);
  if (size > limits.pixelStoreBytes) {
    throw fileError('CONVOY_DATA', file, '', `at most ${limits.pixelStoreBytes} bytes`, String(size));
  }
  const wanted = new Set(Object.values(arrayNames).flat(2));
  try {
    const entries = unzipSync(await readFile(file), {
      filter: ({ name, originalSize }) =>
        wanted.has(name.replace(/\.npy$/, '')) && originalSize <= limits.pixelStoreBytes + 2 ** 16,
    });
    return new Map(Object.entries(entries).map(([name, bytes]) => [name.replace(/\.npy$/, ''), bytes]));
  } catch (error) {
    throw fileError('CONVOY_DATA', file, '', 'a whole NumPy archive (.npz)', errorText(error), error);
  }
}

/** Images and labels in one `.npz` file; classes are called 0, 1, 2... */
export const npz = defineDatasetFormat<string>({
  name: 'npz',
  description: 'a NumPy archive (.npz) of images and labels',
  async find(place) {
    const is = /\.npz$/i.test(place) && (await entryKind(place)) === 'file';
    return is ? { path: place, source: place } : 'no .npz file';
  },
  async open(file, { name }) {
    const arrays = await readArchive(file);
    const read = (split: SplitName): LabelledPixels | undefined => {
      const names = arrayNames[split].find((pair) => pair.some((array) => arrays.has(array)));
      if (names === undefined) return undefined;
      const [images, labels] = names.map((array) => {
        const bytes = arrays.get(array);
        if (bytes !== undefined) return readArray(file, array, bytes);
        throw fileError('CONVOY_DATA', file, array, 'an array of images and one of labels', 'one of them alone');
      }) as [NumpyArray, NumpyArray];
      const pixels = readImages(file, names[0], images);
      return { ...pixels, labels: numpyLabels(file, names[1], labels, pixels.count) };
    };
    const [train, test, validation] = splitNames.map(read);
    if (train === undefined) {
      const expected = `the arrays ${arrayNames.train.map((pair) => pair.join(' and ')).join(', or ')}`;
      throw fileError('CONVOY_DATA', file, '', expected, 'neither');
    }
    for (const other of [test, validation]) {
      if (other !== undefined && JSON.stringify(other.shape) !== JSON.stringify(train.shape)) {
        const { height, width, channels } = train.shape;
        const found = Object.values(other.shape).join('x');
        throw fileError('CONVOY_DATA', file, '', `all splits of ${height}x${width}x${channels}`, found);
      }
    }
    const classes = numberedClasses(...[train, test, validation].flatMap((split) => split?.labels ?? []));
    return decodedSplits(name, {
      classes,
      train,
      ...(test && { test }),
      ...(validation && { validation }),
      badImages: [],
    });
  },
});
