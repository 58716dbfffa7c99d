import path from 'node:path';
import { fileError } from '../../base/errors.js';
import type { PickleValue } from '../../base/pickle.js';
import type { ImageShape } from '../../contracts/index.js';
import { archiveFiles, isArchiveName } from '../archive.js';
import type { DecodedSet } from '../decoded-cache.js';
import { entryKind, firstEntry } from '../entries.js';
import { decodedSplits } from '../splits.js';
import { allocateLabels, allocatePixels, type LabelledPixels } from '../stores.js';
import { type CifarFile, cifarFiles, cifarImageBytes, interleave, keptOfArchive } from './cifar-files.js';
import { type DatasetFormat, defineDatasetFormat, type KnownDataset } from './define.js';
import { type NumpyArray, numpyLabels } from './numpy-array.js';
import { readNumpyPickle, textOf } from './numpy-pickle.js';

/**
 * The Python version of CIFAR (Krizhevsky 2009): pickled dicts of `data`, uint8 [n, 3072] (the red plane, the green, the
 * blue), and lists of labels.
 */
interface CifarPython {
  /** The archive as published, and the folder in it. */
  readonly archive: string;
  readonly folder: string;
  readonly train: readonly string[];
  readonly test: string;
  /** The file of class names, and the list in it. */
  readonly meta: string;
  readonly names: string;
  /** Key of the labels. */
  readonly labels: string;
  readonly classes: number;
}

/** CIFAR-10's pickles. */
export const cifar10Python: CifarPython = {
  archive: 'cifar-10-python.tar.gz',
  folder: 'cifar-10-batches-py',
  train: [1, 2, 3, 4, 5].map((batch) => `data_batch_${batch}`),
  test: 'test_batch',
  meta: 'batches.meta',
  names: 'label_names',
  labels: 'labels',
  classes: 10,
};

/** CIFAR-100's pickles, of which the fine labels are the classes. */
export const cifar100Python: CifarPython = {
  archive: 'cifar-100-python.tar.gz',
  folder: 'cifar-100-python',
  train: ['train'],
  test: 'test',
  meta: 'meta',
  names: 'fine_label_names',
  labels: 'fine_labels',
  classes: 100,
};

const shape: ImageShape = { height: 32, width: 32, channels: 3 };

/**
 * Reads CIFAR-10 or CIFAR-100 from a folder of its pickles or a tar(.gz) archive of them; nothing in them is executed.
 *
 * @throws ConvoyError `CONVOY_DATA` naming file, key or byte, expectation.
 */
async function readCifarPython(
  layout: CifarPython,
  source: string,
  known: KnownDataset | undefined,
  signal?: AbortSignal,
): Promise<DecodedSet> {
  const names = known === undefined ? [layout.meta] : [];
  const file = await cifarFiles(source, [...layout.train, layout.test, ...names], signal);
  return {
    classes: known?.classes ?? namesOf(layout, file(layout.meta)),
    train: readBatches(layout, layout.train.map(file)),
    test: readBatches(layout, [file(layout.test)]),
    badImages: [],
  };
}

function namesOf({ names: key, classes }: CifarPython, { file, bytes }: CifarFile): string[] {
  const list = readNumpyPickle(file, bytes).get(key);
  const names = Array.isArray(list) ? list.map(textOf).filter((name) => name !== undefined) : [];
  if (names.length !== classes)
    throw fileError('CONVOY_DATA', file, key, `the names of ${classes} classes`, String(names.length));
  return names;
}

function readBatches({ labels: key, classes }: CifarPython, files: readonly CifarFile[]): LabelledPixels {
  const batches = files.map(({ file, bytes }) => {
    const dict = readNumpyPickle(file, bytes);
    const data = imagesOf(file, dict.get('data'));
    return { data, labels: labelsOf(file, key, dict.get(key), data.length / cifarImageBytes, classes) };
  });
  const count = batches.reduce((sum, { labels }) => sum + labels.length, 0);
  const pixels = allocatePixels(count, shape, 'CIFAR');
  const labels = allocateLabels(count);
  let sample = 0;
  for (const { data, labels: given } of batches) {
    labels.set(given, sample);
    for (let start = 0; start < data.length; start += cifarImageBytes, sample++)
      interleave(data.subarray(start, start + cifarImageBytes), pixels, sample * cifarImageBytes);
  }
  return { shape, count, pixels, labels };
}

const isArray = (value: unknown): value is NumpyArray =>
  typeof value === 'object' && value !== null && 'type' in value && 'shape' in value && 'data' in value;

function imagesOf(file: string, value: PickleValue | undefined): Uint8Array {
  const isImages = isArray(value) && value.type === '|u1' && value.shape.length === 2;
  if (isImages && value.shape[1] === cifarImageBytes && value.data.length > 0) return value.data;
  const found = isArray(value) ? `${value.type} [${value.shape.join(', ')}]` : 'none';
  throw fileError('CONVOY_DATA', file, 'data', `uint8 [n, ${cifarImageBytes}], n at least 1,`, found);
}

function labelsOf(
  file: string,
  key: string,
  value: PickleValue | undefined,
  count: number,
  classes: number,
): ArrayLike<number> {
  const labels = isArray(value) ? numpyLabels(file, key, value, count) : Array.isArray(value) ? value : [];
  if (labels.length !== count)
    throw fileError('CONVOY_DATA', file, key, `${count} labels, one for each image`, String(labels.length));
  for (const [index, label] of (labels as unknown[]).entries()) {
    if (!Number.isInteger(label) || (label as number) < 0 || (label as number) >= classes) {
      const found = typeof label === 'number' ? label : typeof label;
      throw fileError('CONVOY_DATA', file, `${key} ${index}`, `a label from 0 to ${classes - 1}`, String(found));
    }
  }
  return labels as ArrayLike<number>;
}

/** A folder of CIFAR's pickles, or the archive of them. */
export function cifarPython(layout: CifarPython): DatasetFormat {
  const [firstFile = ''] = layout.train;
  return defineDatasetFormat<string>({
    name: `cifar-python`,
    description: `CIFAR's pickles (${layout.folder}, ${layout.archive})`,
    async find(place, known) {
      for (const source of [place, path.join(place, layout.folder)]) {
        const files = [firstFile, layout.test].map((name) => entryKind(path.join(source, name)));
        if ((await Promise.all(files)).every((kind) => kind === 'file')) return { path: source, source };
      }
      const archives = [layout.archive, layout.archive.replace(/\.gz$/, '')];
      const packed = known === undefined ? undefined : await firstEntry(place, archives, 'file');
      if (packed !== undefined) return { path: packed, source: packed };
      if (known === undefined && isArchiveName(place) && (await firstFolder(place)) === layout.folder)
        return { path: place, source: place };
      return `no ${layout.archive}, ${layout.folder}/${firstFile}`;
    },
    async open(source, { name, known, options: { signal } }) {
      const read = (): Promise<DecodedSet> => readCifarPython(layout, source, known, signal);
      return decodedSplits(name, await keptOfArchive(source, 'cifar-python', layout.folder, read));
    },
  });
}

/** The folder of an archive's first file; undefined for a file that is no archive, of which another format says why. */
async function firstFolder(archive: string): Promise<string | undefined> {
  if ((await entryKind(archive)) !== 'file') return undefined;
  try {
    for await (const { path: name } of archiveFiles(archive)) return path.posix.basename(path.posix.dirname(name));
  } catch {
    // told by the format that reads it
  }
  return undefined;
}
