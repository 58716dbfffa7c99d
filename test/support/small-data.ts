/** Small copies of real datasets' files, drawn here, in which commands of the documentation find their data. */
import { execFile } from 'node:child_process';
import { mkdir, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { gzipSync } from 'node:zlib';
import sharp from 'sharp';
import { RandomStream } from '../../src/base/random.js';
import { catalogEntry } from '../../src/data/index.js';

const execute = promisify(execFile);

/** Images of each class, by split. */
const counts = { train: 24, test: 8 } as const;

/** A noisy image of class `label` of 10: a bright square at a place of its own. */
function drawn(label: number, side: number, channels: number, random: RandomStream): Uint8Array {
  const [top, left] = [2 + Math.floor(label / 4) * 8, 2 + (label % 4) * 6];
  return Uint8Array.from({ length: side * side * channels }, (_, index) => {
    const [row, column] = [Math.floor(index / channels / side), Math.floor(index / channels) % side];
    const inside = row >= top && row < top + 6 && column >= left && column < left + 6;
    return (inside ? 150 : 0) + random.below(100);
  });
}

/** IDX as the four files of MNIST: the magic bytes, the sizes, the values. */
function idx(sizes: readonly number[], values: Uint8Array): Uint8Array {
  const head = Buffer.alloc(4 + 4 * sizes.length);
  head.set([0, 0, 8, sizes.length]);
  for (const [index, size] of sizes.entries()) head.writeUInt32BE(size, 4 + 4 * index);
  return gzipSync(Buffer.concat([head, values]));
}

async function writeIdx(folder: string): Promise<void> {
  await mkdir(folder, { recursive: true });
  for (const [split, name] of [
    ['train', 'train'],
    ['test', 't10k'],
  ] as const) {
    const count = 10 * counts[split];
    const random = new RandomStream(7, 'test', split === 'train' ? 0 : 1, 0);
    const labels = Uint8Array.from({ length: count }, (_, index) => index % 10);
    const images = Buffer.concat([...labels].map((label) => drawn(label, 28, 1, random)));
    await writeFile(join(folder, `${name}-images-idx3-ubyte.gz`), idx([count, 28, 28], images));
    await writeFile(join(folder, `${name}-labels-idx1-ubyte.gz`), idx([count], labels));
  }
}

/** Writes folders `train/CLASS` and `test/CLASS` of JPEG images. */
export async function writePhotos(folder: string, classes: readonly string[], side: number): Promise<void> {
  for (const [split, part] of [
    ['train', 0],
    ['test', 1],
  ] as const) {
    for (const [label, name] of classes.entries()) {
      await mkdir(join(folder, split, name), { recursive: true });
      const random = new RandomStream(11, 'test', label, part);
      for (let index = 0; index < counts[split]; index++) {
        const raw = { width: side, height: side, channels: 3 } as const;
        const image = sharp(drawn(label, side, 3, random), { raw });
        await image.jpeg({ quality: 95 }).toFile(join(folder, split, name, `${String(index).padStart(4, '0')}.jpg`));
      }
    }
  }
}

/** A folder for `CONVOY_DATA` that holds mnist, fashion-mnist and cifar10 with a few images of each class. */
export async function writeSmallData(folder: string): Promise<void> {
  await writeIdx(join(folder, 'mnist'));
  await writeIdx(join(folder, 'fashion-mnist'));
  const images = join(folder, 'cifar10', 'images');
  await writePhotos(images, catalogEntry('cifar10')?.classes ?? [], 32);
  await execute('tar', ['-czf', join(folder, 'cifar10', 'cifar10-images.tar.gz'), '-C', images, 'train', 'test']);
  await rm(images, { recursive: true });
}
