import { readFile, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { crc32, gzipSync } from 'node:zlib';
import test from 'ava';
import sharp from 'sharp';
import { ConvoyError } from '../../src/base/errors.js';
import type { Dataset } from '../../src/contracts/index.js';
import { BadImageError, decodeImage } from '../../src/data/decode.js';
import { openDataset } from '../../src/data/index.js';
import { plainPng, tarOf, temporaryFolder, writeTree } from '../fixtures/data/files.js';

const { folder, remove } = await temporaryFolder();
process.env['CONVOY_CACHE'] = path.join(folder, 'cache');

function pixelsOf({ store }: Dataset): Uint8Array {
  if (store.kind !== 'pixels') throw new Error('expected pixels');
  return store.pixels;
}

function labelsOf({ targets }: Dataset): number[] {
  if (targets.kind !== 'classes') throw new Error('expected classes');
  return [...targets.labels];
}

const red = [255, 0, 0];
const blue = [0, 0, 255];
const files = {
  'train/sea/1.png': await plainPng('#0000ff'),
  'train/sea/2.png': await plainPng('#0000fe'),
  'train/fire/1.png': await plainPng('#ff0000'),
  'test/fire/1.png': await plainPng('#fe0000'),
};

const size = { height: 8, width: 8 };
const jpeg = await sharp({
  create: {
    width: 64,
    height: 64,
    channels: 3,
    background: '#336699',
    noise: { type: 'gaussian', mean: 128, sigma: 50 },
  },
})
  .jpeg()
  .toBuffer();
const frames = await sharp([Buffer.from(await plainPng('#ff0000')), Buffer.from(await plainPng('#0000ff'))], {
  join: { animated: true },
})
  .gif()
  .toBuffer();

test.after.always(remove);

test('a folder, a tar and a tar.gz of small images give the same pixels, in turn from each class', async (t) => {
  const tree = await writeTree(path.join(folder, 'tree'), files);
  const tar = await tarOf(Object.entries(files).map(([name, content]) => [{ name: `all/${name}` }, content] as const));
  await writeFile(path.join(folder, 'a.tar'), tar);
  await writeFile(path.join(folder, 'a.tar.gz'), gzipSync(tar));
  for (const name of [tree, path.join(folder, 'a.tar'), path.join(folder, 'a.tar.gz')]) {
    // The second time the pixels come from the cache.
    for (const start of ['first', 'second']) {
      const { train, test: tested, badImages } = await openDataset({ name, seed: 1 });
      t.deepEqual(train.classes, ['fire', 'sea'], start);
      t.deepEqual(train.shape, { height: 8, width: 8, channels: 3 });
      t.deepEqual(labelsOf(train), [0, 1, 1]);
      t.deepEqual(
        [0, 1, 2].map((image) => [...pixelsOf(train).subarray(image * 192, image * 192 + 3)]),
        [red, blue, [0, 0, 254]],
      );
      t.deepEqual([...pixelsOf(tested).subarray(0, 3)], [254, 0, 0]);
      t.deepEqual(badImages, []);
    }
  }
});

test('a folder of classes alone is split four to one in each class, by seed', async (t) => {
  const tree: Record<string, Buffer> = {};
  for (let image = 0; image < 10; image++) {
    tree[`a/${image}.png`] = await plainPng(`#00000${image}`);
    tree[`b/${image}.png`] = await plainPng(`#01000${image}`);
  }
  const name = await writeTree(path.join(folder, 'classes'), tree);
  const { train, test: tested } = await openDataset({ name, seed: 3 });
  t.deepEqual([train.count, tested.count], [16, 4]);
  t.deepEqual(labelsOf(tested).sort(), [0, 0, 1, 1]);
  const colours = [train, tested].flatMap((part) =>
    labelsOf(part).map((_, image) => [...pixelsOf(part).subarray(image * 192, image * 192 + 3)].join()),
  );
  t.is(new Set(colours).size, 20); // every image is in exactly one part
  const again = await openDataset({ name, seed: 3 });
  t.is(again.train.fingerprint, train.fingerprint);
  t.not((await openDataset({ name, seed: 4 })).train.fingerprint, train.fingerprint);
});

test('photographs stay files, those of an archive in the cache', async (t) => {
  const photos = {
    'train/a/1.png': await plainPng('#ff0000', 120, 200),
    'train/b/2.png': await plainPng('#00ff00', 300, 100),
    'test/a/3.png': await plainPng('#0000ff', 99, 99),
  };
  const tree = await writeTree(path.join(folder, 'photos'), photos);
  const { train } = await openDataset({ name: tree, seed: 1 });
  t.deepEqual(train.shape, { height: 224, width: 224, channels: 3 });
  t.deepEqual(train.store, { kind: 'files', root: tree, paths: ['train/a/1.png', 'train/b/2.png'] });
  const archive = path.join(folder, 'photos.tar');
  await writeFile(archive, await tarOf(Object.entries(photos).map(([name, content]) => [{ name }, content] as const)));
  for (const start of ['first', 'second']) {
    const { test: tested } = await openDataset({ name: archive, seed: 1 });
    if (tested.store.kind !== 'files') return t.fail('expected files');
    t.true(tested.store.root.startsWith(path.join(folder, 'cache', 'extracted')), start);
    t.deepEqual(await readFile(path.join(tested.store.root, tested.store.paths[0] ?? '')), photos['test/a/3.png']);
  }
});

test('too few images to split are refused', async (t) => {
  const tree = await writeTree(path.join(folder, 'few'), {
    'a/1.png': files['train/sea/1.png'],
    'b/1.png': files['train/sea/2.png'],
  });
  await t.throwsAsync(openDataset({ name: tree, seed: 1 }), {
    message: /enough images of few to hold out a share of 0\.2 for test but there are 2$/,
  });
});

test('an image size given brings every image to it, the middle kept', async (t) => {
  // Left half black, right half white, twice as wide as high: the square in the middle has both.
  const half = await sharp({ create: { width: 20, height: 20, channels: 3, background: '#ffffff' } })
    .png()
    .toBuffer();
  const wide = await sharp({ create: { width: 40, height: 20, channels: 3, background: '#000000' } })
    .composite([{ input: half, left: 20, top: 0 }])
    .png()
    .toBuffer();
  const tree = await writeTree(path.join(folder, 'wide'), {
    'train/a/1.png': wide,
    'train/b/1.png': await plainPng('#102030', 120, 200),
    'test/a/1.png': wide,
  });
  const { train } = await openDataset({ name: tree, seed: 1, imageSize: [4, 4] });
  t.deepEqual(train.shape, { height: 4, width: 4, channels: 3 });
  const row = [...pixelsOf(train).subarray(0, 12)];
  t.deepEqual([row[0], row[11]], [0, 255]);
  t.deepEqual([...pixelsOf(train).subarray(48, 51)], [16, 32, 48]);
});

test('what can be shown in 8-bit sRGB is converted to it', async (t) => {
  const plain = (colour: string) => sharp({ create: { width: 8, height: 8, channels: 3, background: colour } });
  const table: [what: string, encoded: Buffer, colour: number[]][] = [
    ['palette PNG', await plain('#336699').png({ palette: true }).toBuffer(), [51, 102, 153]],
    // 16-bit levels are 257 times the 8-bit ones.
    ['16-bit PNG', await plain('#336699').toColourspace('rgb16').png().toBuffer(), [51, 102, 153]],
    ['greyscale PNG', await plain('#777777').toColourspace('b-w').png().toBuffer(), [119, 119, 119]],
    ['greyscale JPEG called PNG', await plain('#777777').toColourspace('b-w').jpeg().toBuffer(), [119, 119, 119]],
    // Wholly transparent red is white paper.
    [
      'PNG with alpha',
      await sharp({ create: { width: 8, height: 8, channels: 4, background: { r: 255, g: 0, b: 0, alpha: 0 } } })
        .png()
        .toBuffer(),
      [255, 255, 255],
    ],
    ['opaque WebP', await plain('#336699').webp({ lossless: true }).toBuffer(), [51, 102, 153]],
  ];
  for (const [what, encoded, colour] of table) {
    t.deepEqual([...(await decodeImage(encoded, size, false)).subarray(0, 3)], colour, what);
  }
});

test('CMYK becomes the colour that ink would show', async (t) => {
  const cmyk = await sharp({ create: { width: 8, height: 8, channels: 3, background: '#ff0000' } })
    .toColourspace('cmyk')
    .jpeg()
    .toBuffer();
  const [r = 0, g = 255, b = 255] = await decodeImage(cmyk, size, false);
  // Profiles differ by some levels; what must not happen is the negative, cyan.
  t.true(r > 200 && g < 80 && b < 80, `${r}, ${g}, ${b}`);
});

test('EXIF orientation is applied', async (t) => {
  const tall = await sharp({ create: { width: 8, height: 4, channels: 3, background: '#336699' } })
    .jpeg()
    .withMetadata({ orientation: 6 })
    .toBuffer();
  t.is((await decodeImage(tall, { height: 8, width: 4 }, false)).length, 96);
});

/** A PNG whose header states 20,000 x 20,000 pixels: width and height at bytes 16 and 20, IHDR's checksum at 29. */
async function pngBomb(): Promise<Buffer> {
  const png = await plainPng('#000000');
  png.writeUInt32BE(20_000, 16);
  png.writeUInt32BE(20_000, 20);
  png.writeUInt32BE(crc32(png.subarray(12, 29)), 29);
  return png;
}

const bad: readonly [what: string, encoded: () => Promise<Uint8Array> | Uint8Array, message: RegExp][] = [
  ['an empty file', () => Buffer.alloc(0), /^expected an image but the file is empty$/],
  [
    'text',
    () => Buffer.from('not an image at all'),
    /^expected one of jpeg, png, .* but its first bytes are those of none$/,
  ],
  [
    'SVG',
    () => Buffer.from('<svg xmlns="http://www.w3.org/2000/svg" width="8" height="8"/>'),
    /its first bytes are those of none$/,
  ],
  [
    'a JPEG cut in its pixels',
    () => jpeg.subarray(0, jpeg.length >> 1),
    /^cannot be decoded: .*(premature end|cut short)/,
  ],
  ['a JPEG cut in its header', () => jpeg.subarray(0, 100), /^cannot be decoded: /],
  ['an animated GIF', () => frames, /^expected a still image but it has 2 frames$/],
  ['a decompression bomb', pngBomb, /^cannot be decoded: Input image exceeds pixel limit$/],
  [
    'an image of another size',
    () => plainPng('#000000', 9, 8),
    /^expected an image of 8x8 but it is 9x8; --image-size/,
  ],
  ['an image one pixel wide', () => plainPng('#000000', 8, 1), /^expected an image of 8x8 but it is 8x1/],
];

for (const [what, encoded, message] of bad) {
  test(`${what} is a bad image`, async (t) => {
    await t.throwsAsync(async () => decodeImage(await encoded(), size, false), { instanceOf: BadImageError, message });
  });
}

async function treeWithBadImages(name: string, good: number): Promise<string> {
  const tree: Record<string, Uint8Array> = {
    'train/a/bad.png': Buffer.from('no image'),
    'test/b/1.png': await plainPng('#000001'),
  };
  const png = await plainPng('#000002');
  for (let image = 0; image < good; image++) tree[`train/${image % 2 === 0 ? 'a' : 'b'}/${image}.png`] = png;
  return writeTree(path.join(folder, name), tree);
}

test('a bad image fails with file and reason, or is skipped and listed, also from the cache', async (t) => {
  const name = await treeWithBadImages('bad', 120);
  const failure = {
    instanceOf: ConvoyError,
    code: 'CONVOY_DATA',
    message: /bad: train\/a\/bad\.png: expected one of jpeg/,
  };
  await t.throwsAsync(openDataset({ name, seed: 1 }), failure);
  for (const start of ['first', 'second']) {
    const { train, badImages } = await openDataset({ name, seed: 1, onBadImage: 'skip' });
    t.is(train.count, 120, start);
    t.is(pixelsOf(train).length, 120 * 192);
    t.deepEqual(labelsOf(train).filter((label) => label === 0).length, 60);
    t.deepEqual(
      badImages.map(({ file }) => file),
      ['train/a/bad.png'],
    );
    t.regex(badImages[0]?.reason ?? '', /^expected one of jpeg/);
  }
  await t.throwsAsync(openDataset({ name, seed: 1 }), failure);
});

test('over one in a hundred bad images fails also when they may be skipped', async (t) => {
  const name = await treeWithBadImages('worse', 90);
  await t.throwsAsync(openDataset({ name, seed: 1, onBadImage: 'skip' }), {
    code: 'CONVOY_DATA',
    message: /worse: expected at most 1% bad images but found 1 of 92, the first train\/a\/bad\.png: expected one of/,
  });
});

test('what is no folder and no archive is refused', async (t) => {
  await writeFile(path.join(folder, 'thing.zip'), 'PK');
  const name = path.join(folder, 'thing.zip');
  await t.throwsAsync(openDataset({ name, seed: 1 }), {
    code: 'CONVOY_DATA',
    message: /thing\.zip: expected an image folder, or a .* but found another file/,
  });
  await t.throwsAsync(openDataset({ name: 'nothing-like-it', seed: 1 }), {
    code: 'CONVOY_OPTION',
    message:
      /^Expected one of shapes, mnist, fashion-mnist, cifar10, cifar100, or the path of an image folder, or .* for --dataset but received "nothing-like-it"/,
  });
});
