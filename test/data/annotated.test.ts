import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import test from 'ava';
import sharp from 'sharp';
import { openDataset } from '../../src/data/index.js';

const withFolder = async (use: (folder: string) => Promise<void>): Promise<void> => {
  const folder = await mkdtemp(join(tmpdir(), 'convoy-annotated-'));
  try {
    await use(folder);
  } finally {
    await rm(folder, { recursive: true });
  }
};

/** A grey or coloured PNG of one level by pixel. */
async function png(
  file: string,
  width: number,
  height: number,
  level: (x: number, y: number) => number,
  channels: 1 | 3,
) {
  const data = Buffer.alloc(width * height * channels);
  for (let y = 0; y < height; y++)
    for (let x = 0; x < width; x++) data.fill(level(x, y), (y * width + x) * channels, (y * width + x + 1) * channels);
  const image = sharp(data, { raw: { width, height, channels } });
  await (channels === 1 ? image.toColourspace('b-w') : image).png().toFile(file);
}

/** Images of 40x20 whose left half is dark; only columns 10 to 29 are in a square part. */
async function maskFolder(folder: string, split: string, names: readonly string[]): Promise<void> {
  for (const kind of ['images', 'masks']) await mkdir(join(folder, split, kind), { recursive: true });
  for (const name of names) {
    await png(join(folder, split, 'images', `${name}.png`), 40, 20, (x) => (x < 20 ? 10 : 200), 3);
    const label = (x: number, y: number): number => (y === 0 ? 255 : x < 20 ? 0 : y < 10 ? 1 : 2);
    await png(join(folder, split, 'masks', `${name}.png`), 40, 20, label, 1);
  }
}

test('a folder of images and masks: masks go with the part of the image that is kept, at its size', async (t) => {
  await withFolder(async (folder) => {
    await maskFolder(folder, 'train', ['a', 'b', 'c']);
    await maskFolder(folder, 'val', ['d']);
    const whole = await openDataset({ name: folder, seed: 0 });
    t.deepEqual(
      [whole.train.count, whole.test.count, whole.train.shape],
      [3, 1, { height: 20, width: 40, channels: 3 }],
    );
    t.deepEqual(whole.train.classes, ['0', '1', '2']);
    const { train, test: tested } = await openDataset({ name: folder, seed: 0, imageSize: 10 });
    t.is(tested.count, 1);
    if (train.targets.kind !== 'masks' || train.store.kind !== 'pixels') return t.fail('masks in memory');
    // Each pixel of 10x10 is below the middle of a square of 2x2; row 0 of the file is in no middle's place.
    for (let y = 0; y < 10; y++) {
      for (let x = 0; x < 10; x++) {
        t.is(train.targets.masks[y * 10 + x], x < 5 ? 0 : 2 * y + 1 < 10 ? 1 : 2, `row ${y}, column ${x}`);
      }
    }
    // The image has its edge at the same column.
    const [left = 0, right = 0] = [train.store.pixels[3 * 3], train.store.pixels[3 * 6]];
    t.true(left < 20 && right > 190, `${left} ${right}`);
    const resized = await openDataset({ name: folder, seed: 0, task: 'reconstruction' });
    t.is(resized.train.targets.kind, 'pixels');
    await t.throwsAsync(openDataset({ name: folder, seed: 0, task: 'detection' }), { code: 'CONVOY_OPTION' });
  });
});

test('black and white masks: white is the object, and a split may lack a class of the other', async (t) => {
  await withFolder(async (folder) => {
    await maskFolder(folder, 'train', ['a']);
    await maskFolder(folder, 'val', ['b']);
    // The training image has class 3 too, that of the test has not.
    await png(join(folder, 'train/masks/a.png'), 40, 20, (x) => (x < 20 ? 0 : 3), 1);
    const { train, test: tested } = await openDataset({ name: folder, seed: 0 });
    t.deepEqual(
      [train.classes, tested.classes],
      [
        ['0', '1', '2', '3'],
        ['0', '1', '2', '3'],
      ],
    );
    await png(join(folder, 'train/masks/a.png'), 40, 20, (x) => (x < 20 ? 0 : 255), 1);
    await png(join(folder, 'val/masks/b.png'), 40, 20, () => 0, 1);
    const binary = await openDataset({ name: folder, seed: 0 });
    t.deepEqual(
      [binary.train.classes, binary.test.classes],
      [
        ['background', 'object'],
        ['background', 'object'],
      ],
    );
    if (binary.train.targets.kind !== 'masks' || binary.test.targets.kind !== 'masks') return t.fail('masks');
    t.deepEqual([...binary.train.targets.masks.subarray(18, 22)], [0, 0, 1, 1]);
    t.true(binary.test.targets.masks.every((label) => label === 0));
    t.regex(binary.notes.join(), /255 the object/);
  });
});

test('a mask of another size ends it with both files, or is left out and counted', async (t) => {
  await withFolder(async (folder) => {
    await maskFolder(folder, 'train', ['a', 'b', 'c', 'd', 'e', 'f', 'g', 'h', 'i', 'j', 'k', 'l']);
    await maskFolder(folder, 'val', ['z']);
    await png(join(folder, 'train/masks/b.png'), 39, 20, () => 1, 1);
    await t.throwsAsync(openDataset({ name: folder, seed: 0 }), {
      code: 'CONVOY_DATA',
      message: /b\.png: expected a mask of 40x20 .* but found one of 39x20/,
    });
    const skipped = await openDataset({ name: folder, seed: 0, onBadImage: 'skip' });
    t.is(skipped.train.count, 11);
    t.is(skipped.badImages.length, 1);
    t.regex(skipped.badImages[0]?.reason ?? '', /39x20/);
  });
});

test('COCO: boxes and masks of the same objects, categories with gaps, crowds ignored', async (t) => {
  await withFolder(async (folder) => {
    await mkdir(join(folder, 'annotations'));
    const objects = [
      // In the kept square of columns 10 to 29: half inside, inside, outside.
      {
        id: 1,
        category_id: 7,
        bbox: [0, 5, 20, 10],
        segmentation: [[0, 5, 20, 5, 20, 15, 0, 15]],
        area: 200,
        iscrowd: 0,
      },
      {
        id: 2,
        category_id: 3,
        bbox: [22, 2, 4, 6],
        segmentation: [[22, 2, 26, 2, 26, 8, 22, 8]],
        area: 24,
        iscrowd: 0,
      },
      {
        id: 3,
        category_id: 3,
        bbox: [32, 2, 4, 6],
        segmentation: [[32, 2, 36, 2, 36, 8, 32, 8]],
        area: 24,
        iscrowd: 0,
      },
    ];
    for (const split of ['train2017', 'val2017']) {
      await mkdir(join(folder, split));
      await png(join(folder, split, '1.png'), 40, 20, (x) => x, 3);
      const annotations = objects.map((object) => ({ ...object, image_id: 5 }));
      const images = [{ id: 5, file_name: '1.png', width: 40, height: 20 }];
      const categories = [
        { id: 7, name: 'cat' },
        { id: 3, name: 'cow' },
      ];
      const file = join(folder, 'annotations', `instances_${split}.json`);
      await writeFile(file, JSON.stringify({ images, annotations, categories }));
    }
    const boxes = await openDataset({ name: folder, seed: 0, imageSize: 40 });
    t.deepEqual(boxes.train.classes, ['cow', 'cat']);
    if (boxes.train.targets.kind !== 'boxes') return t.fail('boxes');
    // The part of 20x20 is enlarged twice: x' = 2 (x - 10), y' = 2 y.
    t.is(boxes.train.targets.capacity, 2);
    t.deepEqual([...boxes.train.targets.boxes], [0, 10, 20, 30, 1, 1, 24, 4, 32, 16, 0, 1]);
    const masks = await openDataset({ name: folder, seed: 0, imageSize: 20, task: 'segmentation' });
    t.deepEqual(masks.train.classes, ['background', 'cow', 'cat']);
    if (masks.train.targets.kind !== 'masks') return t.fail('masks');
    const at = (x: number, y: number): number | undefined =>
      masks.train.targets.kind === 'masks' ? masks.train.targets.masks[y * 20 + x] : undefined;
    t.deepEqual([at(0, 4), at(0, 5), at(9, 14), at(10, 14), at(12, 2), at(15, 7), at(16, 7)], [0, 2, 2, 0, 1, 1, 0]);
  });
});

test('YOLO: labels in shares of the image, splits of data.yaml', async (t) => {
  await withFolder(async (folder) => {
    for (const split of ['train', 'val']) {
      await mkdir(join(folder, 'images', split), { recursive: true });
      await mkdir(join(folder, 'labels', split), { recursive: true });
      await png(join(folder, 'images', split, 'a.png'), 20, 20, (x) => x, 3);
      await writeFile(join(folder, 'labels', split, 'a.txt'), '1 0.5 0.25 0.4 0.2\n');
    }
    await writeFile(join(folder, 'data.yaml'), 'path: .\ntrain: images/train\nval: images/val\nnames: [dog, hen]\n');
    const { train, test: tested } = await openDataset({ name: folder, seed: 0 });
    t.deepEqual([train.count, tested.count, train.classes], [1, 1, ['dog', 'hen']]);
    if (train.targets.kind !== 'boxes') return t.fail('boxes');
    const found = [...train.targets.boxes];
    [6, 3, 14, 7, 1, 1].forEach((number, place) => t.true(Math.abs((found[place] ?? 0) - number) < 1e-5));
  });
});
