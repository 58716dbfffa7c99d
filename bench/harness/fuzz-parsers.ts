/** Everything that reads files which may come from elsewhere, and whole files to start from. */
import { createHash } from 'node:crypto';
import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { gzipSync } from 'node:zlib';
import sharp from 'sharp';
import { pack } from 'tar-stream';
import { readConfigFile, resolveConfig } from '../../src/config/index.js';
import { imageBytes } from '../../src/contracts/index.js';
import { archiveFiles } from '../../src/data/archive.js';
import { readIdxImages, readIdxLabels } from '../../src/data/formats/idx.js';
import { openDataset } from '../../src/data/index.js';
import { decodeImageFile } from '../../src/images/index.js';
import { loadArchitecture } from '../../src/models/index.js';
import { readCheckpoint, writeCheckpoint } from '../../src/run/index.js';
import { readRecord } from '../../src/run/record.js';
import { readWeightsFile, writeSafetensors } from '../../src/weights/index.js';
import { annotationParsers } from './fuzz-annotations.js';
import { datasetParsers } from './fuzz-datasets.js';
import { type FuzzParser, madeBy } from './fuzz-parser.js';

const fixtures = fileURLToPath(new URL('../../../test/fixtures/', import.meta.url));
const fixture = (path: string): Promise<Buffer> => readFile(join(fixtures, path));
const shape = { height: 32, width: 32, channels: 3 };

function image(format: 'jpeg' | 'png' | 'webp' | 'gif' | 'tiff', options = {}): Promise<Buffer> {
  const pixels = Buffer.from(Array.from({ length: 24 * 20 * 3 }, (_, at) => (at * 37) % 256));
  return sharp(pixels, { raw: { width: 24, height: 20, channels: 3 } })
    .toFormat(format, options)
    .toBuffer();
}

async function tar(long: boolean): Promise<Buffer> {
  const packing = pack();
  for (const name of ['a/1.png', `b/${long ? 'x'.repeat(180) : '2'}.png`]) packing.entry({ name }, await image('png'));
  packing.finalize();
  const chunks: Buffer[] = [];
  for await (const chunk of packing) chunks.push(chunk as Buffer);
  return Buffer.concat(chunks);
}

const tensors = [
  { name: 'a', shape: [3, 4], data: Float32Array.from({ length: 12 }, (_, at) => at / 7) },
  { name: 'b.c', shape: [], data: Float32Array.of(1) },
];

const checkpoint = (): Promise<Buffer> =>
  madeBy('last.ckpt', (file) =>
    writeCheckpoint(file, {
      config: '{"dataset":"shapes"}',
      fingerprint: 'f'.repeat(64),
      epoch: 2,
      position: 32,
      step: 12,
      weights: tensors.map(({ name, shape: sides, data }) => ({
        name,
        shape: sides,
        data: new Uint8Array(data.buffer),
      })),
      optimizer: [],
      state: '{"batch":3}',
    }),
  );

/** Bytes before a checkpoint's payload. */
const checkpointHeader = 52;

function idx(dimensions: readonly number[], count: number): Buffer {
  const header = Buffer.alloc(4 + 4 * dimensions.length);
  header.set([0, 0, 8, dimensions.length]);
  for (const [place, size] of dimensions.entries()) header.writeUInt32BE(size, 4 + 4 * place);
  return Buffer.concat([header, Buffer.alloc(count, 3)]);
}

async function all(file: string): Promise<void> {
  for await (const entry of archiveFiles(file)) await entry.read();
}

const config = {
  dataset: 'shapes',
  model: { name: 'custom', layers: [{ type: 'flatten' }, { type: 'dense', units: 'classes' }] },
  optimizer: { name: 'adam', weightDecay: 0.1 },
  schedule: { name: 'cosine', warmup: 10 },
  augment: 'flip,crop:4',
  epochs: 3,
};

const record = {
  format: 1,
  dataset: { name: 'shapes', train: 'a', test: 'b', madeInCode: false },
  classes: ['a', 'b'],
  image: shape,
  preprocess: { scale: [1, 1, 1], offset: [0, 0, 0] },
  targets: 'classes',
  loss: { name: 'crossEntropy' },
  testTimeFlip: false,
  versions: { convoy: '1' },
};

/** A tfjs model without a file of weights beside it: its manifest is all that is read. */
const tfjs = {
  format: 'layers-model',
  modelTopology: {},
  weightsManifest: [
    { paths: ['w.bin'], weights: tensors.map(({ name, shape: sides }) => ({ name, shape: sides, dtype: 'float32' })) },
  ],
};

export const fuzzParsers: readonly FuzzParser[] = [
  {
    name: 'IDX images',
    share: 120,
    file: 'images',
    corpus: async () => [idx([4, 8, 8], 256), gzipSync(idx([4, 8, 8], 256))],
    read: (file) => readIdxImages(file, undefined),
  },
  {
    name: 'IDX labels',
    share: 60,
    file: 'labels',
    corpus: async () => [idx([9], 9), gzipSync(idx([9], 9))],
    read: (file) => readIdxLabels(file, 10, 9),
  },
  {
    name: 'NPZ',
    share: 60,
    file: 'data.npz',
    corpus: () => Promise.all(['keras', 'medmnist'].map((name) => fixture(`data/${name}.npz`))),
    read: (file) => openDataset({ name: file, seed: 0 }),
  },
  ...datasetParsers,
  {
    name: 'tar',
    share: 140,
    file: 'images.tar',
    corpus: async () => [await tar(false), await tar(true), gzipSync(await tar(true))],
    read: all,
  },
  {
    name: 'images',
    share: 140,
    file: 'image',
    corpus: () =>
      Promise.all([
        image('jpeg'),
        image('jpeg', { progressive: true }),
        image('png'),
        image('webp'),
        image('gif'),
        image('tiff'),
      ]),
    read: (file) => decodeImageFile(file, shape, new Uint8Array(imageBytes(shape))),
  },
  {
    name: 'safetensors',
    share: 120,
    file: 'model.safetensors',
    corpus: async () => [await madeBy('w.safetensors', (file) => writeSafetensors(file, tensors))],
    read: (file) => readWeightsFile(file),
  },
  {
    // Each read starts a thread with a WebAssembly module of its own: 500 times the time of the others.
    name: 'HDF5',
    share: 2,
    file: 'model.h5',
    corpus: () =>
      Promise.all(['h5', 'weights.h5'].map((ending) => fixture(`parity/keras-batchnorm-resnet/final.${ending}`))),
    read: (file) => readWeightsFile(file),
  },
  {
    name: 'Keras archive',
    share: 5,
    file: 'model.keras',
    corpus: async () => [await fixture('parity/keras-batchnorm-resnet/final.keras')],
    read: (file) => readWeightsFile(file),
  },
  {
    name: 'tfjs model',
    share: 60,
    file: 'model.json',
    corpus: async () => [Buffer.from(JSON.stringify(tfjs))],
    read: (file) => readWeightsFile(file),
  },
  {
    name: 'network in JSON',
    share: 60,
    file: 'architecture.json',
    corpus: async () => {
      const { createModel } = await import('../../src/models/index.js');
      const model = createModel('mlp', { height: 4, width: 4, channels: 1, classes: 3 });
      return [Buffer.from(JSON.stringify(model.toJSON(undefined, false)))];
    },
    read: async (file, bytes) => {
      const json = jsonOf(bytes);
      if (json !== undefined) loadArchitecture(json, file).dispose();
    },
  },
  {
    name: 'configuration',
    share: 80,
    file: 'config.json',
    corpus: async () => [Buffer.from(JSON.stringify(config))],
    read: async (file) => resolveConfig({ where: file, input: await readConfigFile(file) }),
  },
  {
    name: 'checkpoint',
    share: 60,
    file: 'last.ckpt',
    checksummed: true,
    corpus: async () => [await checkpoint()],
    read: (file) => readCheckpoint(file),
  },
  {
    // As somebody would make one on purpose: a right checksum over anything.
    name: 'protobuf in a checkpoint',
    share: 60,
    file: 'last.ckpt',
    corpus: async () => [(await checkpoint()).subarray(checkpointHeader)],
    read: async (file, payload) => {
      const header = (await checkpoint()).subarray(0, checkpointHeader);
      header.writeBigUInt64LE(BigInt(payload.length), 12);
      createHash('sha256').update(payload).digest().copy(header, 20);
      await writeFile(file, Buffer.concat([header, payload]));
      return readCheckpoint(file);
    },
  },
  {
    name: 'record of a run',
    share: 40,
    file: 'record.json',
    corpus: async () => [Buffer.from(JSON.stringify(record))],
    read: (file) => readRecord(join(file, '..')),
  },
  ...annotationParsers,
];

/** What no reader of ours says, since the text is no JSON: the reader before it refuses such. */
function jsonOf(bytes: Buffer): unknown {
  try {
    return JSON.parse(bytes.toString('utf8'));
  } catch {
    return undefined;
  }
}

export function fuzzParserNamed(name: string): FuzzParser {
  const parser = fuzzParsers.find((one) => one.name === name);
  if (parser === undefined) throw new Error(`no parser ${name}`);
  return parser;
}

/** Runs one input; `folder` is for its file. */
export async function readInput(parser: FuzzParser, bytes: Buffer, folder: string): Promise<void> {
  const file = join(folder, parser.file);
  await writeFile(file, bytes);
  await parser.read(file, bytes);
}
