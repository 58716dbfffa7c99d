/** `imageSize` for datasets of pixels: the same as prediction makes of the image in a file, and as Pillow's bilinear. */
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import test from 'ava';
import sharp from 'sharp';
import { RandomStream } from '../../src/base/random.js';
import { type Dataset, imageBytes } from '../../src/contracts/index.js';
import { datasetFromArrays, openDataset, packDataset } from '../../src/data/index.js';
import { resizedDataset } from '../../src/data/resized.js';
import { resizePixels } from '../../src/images/index.js';
import { pixelsOf } from '../../src/predict/images.js';
import { temporaryFolder, writeTree } from '../fixtures/data/files.js';
import { epochOf } from '../support/epoch.js';
import { pillow } from '../support/pillow-images.js';

const { folder, remove } = await temporaryFolder();
process.env['CONVOY_CACHE'] = path.join(folder, 'cache');
test.after.always(remove);

/** Three images of noise. */
function noise(height: number, width: number, channels: 1 | 3): Dataset {
  const stream = new RandomStream(height * width, 'test');
  const images = Uint8Array.from({ length: 3 * height * width * channels }, () => stream.below(256));
  return datasetFromArrays({ images, shape: { height, width, channels }, labels: [0, 1, 1] });
}

const image = ({ store, shape: { height, width, channels } }: Dataset, index: number): Uint8Array => {
  if (store.kind !== 'pixels') throw new TypeError('expected pixels');
  return store.pixels.subarray(index * height * width * channels, (index + 1) * height * width * channels);
};

for (const dataset of [noise(28, 28, 1), noise(32, 32, 3), noise(20, 31, 1), noise(31, 20, 3)]) {
  const { height, width, channels } = dataset.shape;
  test(`${height}x${width}x${channels}: resized pixels are those that prediction makes of a file`, async (t) => {
    for (const size of [32, 28, 64, 14, 9, [24, 17], [40, 20]] as const) {
      const resized = await resizedDataset(dataset, { imageSize: size });
      const raw = { width, height, channels: channels as 1 | 3 };
      for (const index of [0, 2]) {
        const encoded = await sharp(image(dataset, index), { raw }).png().toBuffer();
        const expected = await pixelsOf({ encoded }, resized.shape);
        t.deepEqual(Buffer.from(image(resized, index)), Buffer.from(expected), `to ${size}`);
      }
      t.deepEqual([resized.targets, resized.count], [dataset.targets, 3]);
      t.is(resized.fingerprint === dataset.fingerprint, resized === dataset);
    }
  });
}

for (const dataset of [noise(28, 28, 1), noise(20, 31, 3)]) {
  const { height, width, channels } = dataset.shape;
  test.serial(
    `${height}x${width}x${channels}: images too large for memory are resized when they are read`,
    async (t) => {
      const inMemory = await resizedDataset(dataset, { imageSize: [40, 24] });
      for (const start of ['first', 'second']) {
        const { store, ...rest } = await resizedDataset(dataset, { imageSize: [40, 24] }, 0);
        const { store: _, ...expected } = inMemory;
        t.is(store.kind, 'files', start);
        t.deepEqual(rest, expected, start);
        const pixels = await epochOf({ ...rest, store });
        const each = imageBytes(rest.shape);
        for (let n = 0; n < 3; n++)
          t.deepEqual(
            Buffer.from(pixels.subarray(n * each, (n + 1) * each)),
            Buffer.from(image(inMemory, 2 - n)),
            start,
          );
      }
    },
  );
}

for (const { name, file, height, width, shrink, pixels } of pillow.resized.filter(({ name: n }) => /^PNG/.test(n))) {
  test(`${name}: pixels in memory come out as by Pillow's bilinear`, async (t) => {
    const { data, info } = await sharp(file).raw().toBuffer({ resolveWithObject: true });
    const into = new Uint8Array(pixels.length);
    const shape = { height, width, channels: 3 };
    await resizePixels(data, { height: info.height, width: info.width, channels: 3 }, shape, into);
    const largest = into.reduce((most, value, index) => Math.max(most, Math.abs(value - (pixels[index] as number))), 0);
    t.true(largest <= (shrink < 2 ? 1 : 12), `${largest}`);
  });
}

const fixtures = fileURLToPath(new URL('../../../test/fixtures/data/', import.meta.url));
for (const name of [
  ...['cifar-10-python.tar.gz', 'cifar-100-python.tar.gz', 'keras.npz', 'medmnist.npz'],
  ...['tfrecord', 'raw.tfrecord', 'named.tfrecord.gz', 'parquet'],
]) {
  test.serial(
    `${name}: --image-size gives the pixels that resizing the images gives, also of a packed file`,
    async (t) => {
      const imageSize = [9, 7] as const;
      const source = { name: path.join(fixtures, name), seed: 0 };
      const packed = path.join(folder, `${name}.pack`);
      await packDataset({ ...source, out: packed });
      const plain = await openDataset(source);
      for (const opened of [
        await openDataset({ ...source, imageSize }),
        await openDataset({ name: packed, seed: 0, imageSize }),
      ]) {
        for (const split of ['train', 'test'] as const) {
          const { shape, store, targets } = await resizedDataset(plain[split], { imageSize });
          t.deepEqual([opened[split].shape, opened[split].targets], [shape, targets]);
          t.deepEqual(opened[split].store, store);
        }
      }
    },
  );
}

test('splits, classes and a limit are of the resized images', async (t) => {
  // Four IDX files as of MNIST: image i is all of level i.
  const header = (...sizes: number[]) => Buffer.from([0, 0, 8, sizes.length, ...sizes.flatMap((n) => [0, 0, 0, n])]);
  const files = (split: string, count: number) => ({
    [`${split}-images-idx3-ubyte`]: Buffer.concat([
      header(count, 28, 28),
      ...Array.from({ length: count }, (_, level) => Buffer.alloc(784, level)),
    ]),
    [`${split}-labels-idx1-ubyte`]: Buffer.concat([
      header(count),
      Buffer.from(Array.from({ length: count }, (_, i) => i % 10)),
    ]),
  });
  const dataDir = await writeTree(path.join(folder, 'mnist'), { ...files('train', 40), ...files('t10k', 20) });
  const options = { name: 'mnist', dataDir, seed: 1, imageSize: [32, 30], limit: 30, validationSplit: 0.5 } as const;
  const { train, test: tested, validation } = await openDataset(options);
  for (const split of [train, tested, validation]) t.deepEqual(split?.shape, { height: 32, width: 30, channels: 1 });
  t.deepEqual([train.count, validation?.count, tested.count], [10, 20, 20]);
  t.true(image(tested, 7).every((level) => level === 7));
});
