/** `imageSize` for datasets of pixels: the same as prediction makes of the image in a file, and as Pillow's bilinear. */
import path from 'node:path';
import test from 'ava';
import sharp from 'sharp';
import { RandomStream } from '../../src/base/random.js';
import type { Dataset } from '../../src/contracts/index.js';
import { datasetFromArrays, openDataset } from '../../src/data/index.js';
import { resizedDataset } from '../../src/data/resized.js';
import { resizePixels } from '../../src/images/index.js';
import { pixelsOf } from '../../src/predict/images.js';
import { temporaryFolder, writeTree } from '../fixtures/data/files.js';
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
