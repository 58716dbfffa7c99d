import path from 'node:path';
import { fileError } from '../../base/errors.js';
import type { DecodedSet } from '../decoded-cache.js';
import { entryKind, firstEntry } from '../entries.js';
import { decodedSplits } from '../splits.js';
import { allocateLabels, allocatePixels, type LabelledPixels } from '../stores.js';
import { type CifarFile, cifarFiles, cifarImageBytes, interleave, keptOfArchive } from './cifar-files.js';
import { type DatasetFormat, defineDatasetFormat, type KnownDataset } from './define.js';

/**
 * The binary version of CIFAR (Krizhevsky, "Learning Multiple Layers of Features from Tiny Images", 2009): records of
 * label bytes (CIFAR-100: coarse, then fine) and 3,072 pixels, the red plane, the green, the blue.
 */
interface CifarLayout {
  /** The archive as published, and the folder in it. */
  readonly archive: string;
  readonly folder: string;
  readonly train: readonly string[];
  readonly test: readonly string[];
  /** Number of classes of each label byte; the last one is the class. */
  readonly labelBytes: readonly number[];
}

/** CIFAR-10's files. */
export const cifar10Layout: CifarLayout = {
  archive: 'cifar-10-binary.tar.gz',
  folder: 'cifar-10-batches-bin',
  train: [1, 2, 3, 4, 5].map((batch) => `data_batch_${batch}.bin`),
  test: ['test_batch.bin'],
  labelBytes: [10],
};

/** CIFAR-100's files. */
export const cifar100Layout: CifarLayout = {
  archive: 'cifar-100-binary.tar.gz',
  folder: 'cifar-100-binary',
  train: ['train.bin'],
  test: ['test.bin'],
  labelBytes: [20, 100],
};

/**
 * Reads CIFAR-10 or CIFAR-100 from a folder of its binary files or a tar(.gz) archive with them.
 *
 * @throws ConvoyError `CONVOY_DATA` naming file, record, expectation.
 */
export async function readCifar(
  layout: CifarLayout,
  known: KnownDataset,
  source: string,
  signal?: AbortSignal,
): Promise<{ train: LabelledPixels; test: LabelledPixels }> {
  const file = await cifarFiles(source, [...layout.train, ...layout.test], signal);
  const read = (names: readonly string[]): LabelledPixels => readRecords(known, layout.labelBytes, names.map(file));
  return { train: read(layout.train), test: read(layout.test) };
}

function readRecords(known: KnownDataset, labelBytes: readonly number[], files: readonly CifarFile[]): LabelledPixels {
  const recordBytes = labelBytes.length + cifarImageBytes;
  for (const { file, bytes } of files) {
    if (bytes.length === 0 || bytes.length % recordBytes !== 0) {
      const whole = Math.floor(bytes.length / recordBytes);
      const place = `record ${whole}`;
      throw fileError(
        'CONVOY_DATA',
        file,
        place,
        `whole records of ${recordBytes} bytes`,
        `${bytes.length} bytes in all`,
      );
    }
  }
  const count = files.reduce((sum, { bytes }) => sum + bytes.length / recordBytes, 0);
  const { shape } = known;
  const pixels = allocatePixels(count, shape, known.name);
  const labels = allocateLabels(count);
  let sample = 0;
  for (const { file, bytes } of files) {
    for (let start = 0; start < bytes.length; start += recordBytes, sample++) {
      labelBytes.forEach((classes, index) => {
        const label = bytes[start + index] ?? classes;
        if (label >= classes) {
          const place = `record ${start / recordBytes}, byte ${index}`;
          throw fileError('CONVOY_DATA', file, place, `a label from 0 to ${classes - 1}`, String(label));
        }
        labels[sample] = label;
      });
      interleave(bytes.subarray(start + labelBytes.length, start + recordBytes), pixels, sample * cifarImageBytes);
    }
  }
  return { shape, count, pixels, labels };
}

/** A folder of CIFAR's binary files, or the archive of them, whose pixels are kept since unpacking takes seconds. */
export function cifarBinary(layout: CifarLayout): DatasetFormat {
  const firstFile = layout.train[0] ?? '';
  return defineDatasetFormat<string>({
    name: 'cifar-binary',
    description: "CIFAR's binary files",
    async find(folder) {
      for (const source of [folder, path.join(folder, layout.folder)]) {
        if ((await entryKind(path.join(source, firstFile))) === 'file') return { path: source, source };
      }
      const packed = await firstEntry(folder, [layout.archive, layout.archive.replace(/\.gz$/, '')], 'file');
      if (packed !== undefined) return { path: packed, source: packed };
      return `no ${layout.archive}, ${layout.folder}/${firstFile}`;
    },
    async open(source, { name, known, options: { signal } }) {
      if (known === undefined) throw new RangeError("CIFAR's binary files say nothing of their classes");
      const read = async (): Promise<DecodedSet> => ({
        classes: known.classes,
        ...(await readCifar(layout, known, source, signal)),
        badImages: [],
      });
      return decodedSplits(name, await keptOfArchive(source, 'cifar', name, read));
    },
  });
}
