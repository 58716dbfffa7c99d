import { readFile, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { gzipSync } from 'node:zlib';
import test from 'ava';
import sharp from 'sharp';
import { ConvoyError } from '../../src/base/errors.js';
import type { Dataset } from '../../src/contracts/index.js';
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
    message: /bad: train\/a\/bad\.png: expected a JPEG/,
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
    t.regex(badImages[0]?.reason ?? '', /^expected a JPEG, PNG/);
  }
  await t.throwsAsync(openDataset({ name, seed: 1 }), failure);
});

test('over one in a hundred bad images of the whole set fails also when they may be skipped; one may always be', async (t) => {
  const name = await treeWithBadImages('worse', 90);
  t.is((await openDataset({ name, seed: 1, onBadImage: 'skip' })).badImages.length, 1);
  await writeTree(name, { 'train/b/bad.png': Buffer.from('no image') });
  await t.throwsAsync(openDataset({ name, seed: 1, onBadImage: 'skip' }), {
    code: 'CONVOY_DATA',
    message:
      /worse: expected at most 1% bad images but found 2 of 93, which are to be mended or removed: train\/a\/bad\.png \(expected a JPEG, .*\); train\/b\/bad\.png/,
  });
});

test('what is no folder and no archive is refused', async (t) => {
  await writeFile(path.join(folder, 'thing.zip'), 'PK');
  const name = path.join(folder, 'thing.zip');
  await t.throwsAsync(openDataset({ name, seed: 1 }), {
    code: 'CONVOY_DATA',
    message: /thing\.zip: expected an image folder, or a .* but found a \.zip file \(unpack it and name the folder\)/,
  });
  await t.throwsAsync(openDataset({ name: 'nothing-like-it', seed: 1 }), {
    code: 'CONVOY_OPTION',
    message:
      /^Expected one of shapes, shapes-scenes, digits-scenes, mnist, fashion-mnist, cifar10, cifar100, or the path of a folder or archive of images, for --dataset but received "nothing-like-it"/,
  });
});
