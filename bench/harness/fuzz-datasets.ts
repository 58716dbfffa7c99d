/** Readers of files of whole datasets. */
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { gunzipSync } from 'node:zlib';
import { readNumpyPickle } from '../../src/data/formats/numpy-pickle.js';
import { datasetFromArrays, openDataset } from '../../src/data/index.js';
import { openPacked, writePacked } from '../../src/data/packed/index.js';
import { tfRecords } from '../../src/data/tf-records.js';
import { type FuzzParser, madeBy } from './fuzz-parser.js';

const fixtures = fileURLToPath(new URL('../../../test/fixtures/data/', import.meta.url));
const fixture = (path: string): Promise<Buffer> => readFile(join(fixtures, path));

/** A small packed file, of pixels or of images that need not be any. */
function packed(kind: 'pixels' | 'images'): Promise<Buffer> {
  const { split, count, targets, fingerprint, name, classes, shape, store } = datasetFromArrays({
    images: Uint8Array.from({ length: 5 * 48 }, (_, at) => at),
    shape: { height: 4, width: 4, channels: 3 },
    labels: [0, 1, 1, 0, 1],
  });
  const encoded = async function* () {
    for (let image = 0; image < count; image++) yield Buffer.alloc(20 + image, image);
  };
  const pixels = store.kind === 'pixels' ? store.pixels : new Uint8Array();
  const images = kind === 'pixels' ? ({ kind, pixels } as const) : ({ kind, images: encoded() } as const);
  return madeBy('data.pack', (file) =>
    writePacked(file, {
      ...{ name, classes: [...classes], shape, files: [], notes: [] },
      splits: [{ split, count, targets, fingerprint, images }],
    }),
  );
}

export const datasetParsers: readonly FuzzParser[] = [
  {
    name: 'packed pixels',
    share: 60,
    file: 'data.pack',
    checksummed: true,
    corpus: async () => [await packed('pixels')],
    read: (file) => openPacked(file),
  },
  {
    // Encoded images are checked when they are read.
    name: 'packed images',
    share: 60,
    file: 'data.pack',
    corpus: async () => [await packed('images')],
    read: (file) => openPacked(file),
  },
  {
    name: 'TFRecord',
    share: 60,
    file: 'data.tfrecord',
    corpus: () => Promise.all(['raw.tfrecord', 'named.tfrecord.gz'].map(fixture)),
    read: async (file) => {
      for await (const { example } of tfRecords(file)) example.size;
    },
  },
  {
    name: 'Parquet',
    share: 30,
    file: 'data.parquet',
    corpus: async () => [await fixture('parquet/train-00000-of-00001.parquet')],
    read: (file) => openDataset({ name: file, seed: 0 }),
  },
  {
    name: 'pickle of CIFAR',
    share: 60,
    file: 'data_batch_1',
    corpus: async () => {
      // Pickles in the archive begin behind the header of their entry.
      const archives = await Promise.all(['cifar-10-python.tar.gz', 'cifar-100-python.tar.gz'].map(fixture));
      return archives.map((archive) => {
        const tar = gunzipSync(archive);
        const size = Number.parseInt(tar.toString('latin1', 124, 135), 8);
        return tar.subarray(512, 512 + size);
      });
    },
    read: async (file, bytes) => readNumpyPickle(file, bytes),
  },
];
