/** Datasets of masks: Pascal VOC's segmentations, pairs of folders, Oxford-IIIT Pet, MVTec. */
import path from 'node:path';
import test from 'ava';
import sharp from 'sharp';
import {
  type AnnotatedImage,
  masksAreBinary,
  readIndexMask,
  readMaskFolders,
  readMvtec,
  readPets,
  readVocSegmentation,
} from '../../../src/data/annotations/index.js';
import { MaskScans, scanMask } from '../../../src/data/annotations/index-mask.js';
import { plainPng, temporaryFolder, writeTree } from '../../fixtures/data/files.js';

const { folder, remove } = await temporaryFolder();
const image = await plainPng('red', 2, 3);
/** A grey PNG of 3x2. */
const mask = (...values: number[]): Promise<Buffer> =>
  sharp(Uint8Array.from(values), { raw: { width: 3, height: 2, channels: 1 } })
    .toColourspace('b-w')
    .png()
    .toBuffer();
const labels = await mask(0, 1, 2, 20, 255, 0);
const binary = await mask(0, 255, 255, 0, 0, 255);
const trimap = await mask(1, 1, 2, 2, 3, 3);
const other = await sharp(labels)
  .extract({ left: 0, top: 0, width: 2, height: 2 })
  .toColourspace('b-w')
  .png()
  .toBuffer();
test.after.always(remove);

const text = (content: string): Buffer => Buffer.from(content);
let made = 0;
const tree = (files: Readonly<Record<string, Uint8Array>>): Promise<string> =>
  writeTree(path.join(folder, String(made++)), files);

const pixels = (item: AnnotatedImage | undefined): number[] =>
  item?.mask === undefined ? [] : [...readIndexMask(item.mask, item)];

test('segmentations of Pascal VOC: lists, the background and 20 classes, borders not counted', async (t) => {
  const root = await tree({
    'JPEGImages/a.jpg': image,
    'SegmentationClass/a.png': labels,
    'JPEGImages/b.jpg': image,
    'SegmentationClass/b.png': other,
    'ImageSets/Segmentation/train.txt': text('a\n'),
    'ImageSets/Segmentation/val.txt': text('a\nb\nc\n'),
  });
  const { images, classes } = await readVocSegmentation(root, { split: 'train' });
  t.is(classes[20], 'tvmonitor');
  t.deepEqual(images.map(pixels), [[0, 1, 2, 20, 255, 0]]);
  const wrongSize = {
    code: 'CONVOY_DATA',
    message: /b\.png: expected a mask of 3x2 \(width x height\), as its image but found one of 2x2/,
  } as const;
  await t.throwsAsync(() => readVocSegmentation(root, { split: 'val' }), wrongSize);
  const { images: kept, problems } = await readVocSegmentation(root, { split: 'val', onBad: 'skip' });
  t.is(kept.length, 1);
  t.is(problems.length, 2); // the size of b, and c, which is not there
  await t.throwsAsync(() => readVocSegmentation(root, { split: 'train', classes: ['background', 'cat'] }), {
    message: /a\.png: column 2, row 0: expected a value of 0 to 1, 255 but found 2/,
  });
});

test('folders of images and masks go together by name, in sub-folders and with _mask', async (t) => {
  const root = await tree({
    'images/x/1.jpg': image,
    'masks/x/1_mask.png': labels,
    'images/2.png': image,
    'masks/2.png': await mask(0, 0, 0, 0, 0, 1),
  });
  const { images, classes } = await readMaskFolders(root);
  t.deepEqual(
    images.map(({ file }) => path.relative(root, file)),
    ['images/2.png', 'images/x/1.jpg'],
  );
  t.is(classes.length, 21); // the highest value is 20
  t.deepEqual(images.map(pixels), [
    [0, 0, 0, 0, 0, 1],
    [0, 1, 2, 20, 255, 0],
  ]);
  const apart = { images: path.join(root, 'images'), masks: path.join(root, 'masks') };
  t.deepEqual(await readMaskFolders(apart), await readMaskFolders(root));
});

test('masks of 0 and 255 need a word: object, or not counted', async (t) => {
  const root = await tree({ 'images/1.png': image, 'masks/1.png': binary });
  await t.throwsAsync(() => readMaskFolders(root), {
    code: 'CONVOY_DATA',
    message:
      /expected values of classes beside 0 and 255, which is not counted \(binary: true takes 255 as the object\) but found 0 and 255 alone/,
  });
  const { images, classes } = await readMaskFolders(root, { binary: true });
  t.deepEqual(classes, ['background', 'object']);
  t.deepEqual(pixels(images[0]), [0, 1, 1, 0, 0, 1]);
});

test('each mask is read once for its values, its classes and its size', async (t) => {
  const root = await tree({
    'images/1.png': image,
    'masks/1.png': labels,
    'images/2.png': image,
    'masks/2.png': binary,
  });
  const read: string[] = [];
  const scans = new MaskScans((file) => {
    read.push(path.basename(file));
    return scanMask(file);
  });
  t.false(await masksAreBinary(root, {}, scans));
  t.is((await readMaskFolders(root, {}, scans)).classes.length, 21);
  t.is((await readMaskFolders(root, { classes: Array.from({ length: 22 }, String) }, scans)).classes.length, 22);
  t.deepEqual(read.sort(), ['1.png', '2.png']);
  await t.throwsAsync(() => readMaskFolders(root, { classes: ['0', '1', '2'] }, scans), {
    message: /1\.png: column 0, row 1: expected a value of 0 to 2, 255 but found 20/,
  });
});

test('images without a mask, masks without an image and damaged masks are refused, or counted', async (t) => {
  const root = await tree({
    'images/1.png': image,
    'masks/1.png': await mask(0, 0, 0, 0, 0, 1),
    'images/2.png': image,
    'masks/3.png': labels,
    'images/4.png': image,
    'masks/4.png': labels.subarray(0, 40),
  });
  await t.throwsAsync(() => readMaskFolders(root), {
    code: 'CONVOY_DATA',
    message: /2\.png: expected a mask of its name in .*masks but found none/,
  });
  const { images, problems } = await readMaskFolders(root, { onBad: 'skip' });
  t.is(images.length, 1);
  t.deepEqual(
    problems.map(({ details }) => path.basename(details.file ?? '')),
    ['2.png', '3.png', '4.png'],
  );
  const gone = { images: path.join(root, 'none'), masks: path.join(root, 'images', '1.png') };
  await t.throwsAsync(() => readMaskFolders(gone), {
    message: /1\.png: expected a folder of images but found no folder/,
  });
  await t.throwsAsync(() => readMaskFolders({ ...gone, masks: path.join(root, 'masks') }), {
    message: /none: expected a folder of images but found no such folder/,
  });
  await t.throwsAsync(async () => readMaskFolders(await tree({ 'images/1.png': image })), {
    message: /expected a folder called masks, mask, labels but found none/,
  });
});

test('trimaps of pets: 1 pet, 2 background, 3 border, which may be left out of the count', async (t) => {
  const root = await tree({
    'images/Great_Dane_12.jpg': image,
    'annotations/trimaps/Great_Dane_12.png': trimap,
    'annotations/trainval.txt': text('Great_Dane_12 14 2 9\n'),
    'annotations/list.txt': text(
      '#Image CLASS-ID SPECIES BREED ID\n#1:37\nGreat_Dane_12 14 2 9\nGreat_Dane_13 14 2 9\n',
    ),
    'annotations/test.txt': text('../Great_Dane_12 1 1 1\n'),
  });
  const own = await readPets(root);
  t.deepEqual(own.classes, ['pet', 'background', 'border']);
  t.is(own.images[0]?.label, 'Great_Dane');
  t.deepEqual(pixels(own.images[0]), [0, 0, 1, 1, 2, 2]);
  const left = await readPets(root, { border: 'ignore' });
  t.deepEqual(left.classes, ['pet', 'background']);
  t.deepEqual(pixels(left.images[0]), [0, 0, 1, 1, 255, 255]);
  await t.throwsAsync(() => readPets(root, { split: 'list' }), {
    message: /list\.txt: line 4: expected the image .*Great_Dane_13\.jpg/,
  });
  await t.throwsAsync(() => readPets(root, { split: 'test' }), {
    message: /test\.txt: line 1: expected the name of an image/,
  });
});

test('MVTec: good images to train, defects with masks to test', async (t) => {
  const files = {
    'train/good/000.png': image,
    'test/good/000.png': image,
    'test/crack/000.png': image,
    'ground_truth/crack/000_mask.png': binary,
  };
  const root = await tree(files);
  const { images, classes } = await readMvtec(root, { split: 'test' });
  t.deepEqual(classes, ['normal', 'anomalous']);
  t.deepEqual(
    images.map(({ label }) => label),
    ['crack', 'good'],
  );
  t.deepEqual(images.map(pixels), [[0, 1, 1, 0, 0, 1], []]);
  t.is((await readMvtec(root, { split: 'train' })).images.length, 1);
  const bad = await tree({ ...files, 'train/crack/1.png': image, 'test/hole/7.png': image });
  await t.throwsAsync(() => readMvtec(bad, { split: 'train' }), {
    message: /expected the folder good alone but found "crack"/,
  });
  await t.throwsAsync(() => readMvtec(bad, { split: 'test' }), {
    message: /7\.png: expected the mask 7_mask\.png in .*hole but found none/,
  });
  const { problems } = await readMvtec(bad, { split: 'test', onBad: 'skip' });
  t.is(problems.length, 1);
});
