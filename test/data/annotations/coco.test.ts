/** COCO's annotations: what is read, and what is refused with file and object. */
import { writeFile } from 'node:fs/promises';
import path from 'node:path';
import test, { type ExecutionContext } from 'ava';
import { readCoco } from '../../../src/data/annotations/index.js';
import { decodeRle, rleArea } from '../../../src/masks/index.js';
import { plainPng, temporaryFolder, writeTree } from '../../fixtures/data/files.js';

const { folder, remove } = await temporaryFolder();
await writeTree(path.join(folder, 'images'), {
  'a.png': await plainPng('red', 20, 30),
  'sub/b.png': await plainPng('blue', 12, 10),
});
test.after.always(remove);

const images = [
  { id: 7, file_name: 'a.png', width: 30, height: 20 },
  { id: 3, file_name: 'sub/b.png' }, // no size: read from the file
];
const categories = [
  { id: 90, name: 'toothbrush' },
  { id: 1, name: 'person' },
  { id: 13, name: 'stop sign' },
];
const object = { id: 1, image_id: 7, category_id: 13, bbox: [2, 3, 10, 5], area: 40, iscrowd: 0 };

let made = 0;
async function read(content: unknown, onBad: 'error' | 'skip' = 'error') {
  const file = path.join(folder, `annotations-${made++}.json`);
  await writeFile(file, typeof content === 'string' ? content : JSON.stringify(content));
  return { file, result: () => readCoco(file, path.join(folder, 'images'), { onBad }) };
}

async function refused(t: ExecutionContext, content: unknown, message: string): Promise<void> {
  const { file, result } = await read(content);
  await t.throwsAsync(result, { code: 'CONVOY_DATA', message: `${file}: ${message}` });
}

const withObject = (changes: object) => ({ images, categories, annotations: [{ ...object, ...changes }] });

test('categories with gaps become classes by number, images without a size have that of the file', async (t) => {
  const polygon = [2, 3, 12, 3, 12, 8];
  const annotations = [
    { ...object, segmentation: [polygon], ignore: 1 },
    { ...object, id: 2, image_id: 3, category_id: 90, bbox: [0, 0, 10.4, 12], iscrowd: 1, area: 9, segmentation: [] },
    { ...object, id: 3, category_id: 1, segmentation: { size: [20, 30], counts: [3, 5, 592] } },
  ];
  const { result } = await read({ images, categories, annotations });
  const found = await result();
  t.deepEqual(found.classes, ['person', 'stop sign', 'toothbrush']);
  t.deepEqual(found.classIds, [1, 13, 90]);
  t.deepEqual(
    found.images.map(({ id, width, height }) => [id, width, height]),
    [
      [7, 30, 20],
      [3, 10, 12],
    ],
  );
  const [first, third] = found.images[0]?.objects ?? [];
  const flags = { crowd: false, ignore: true, difficult: false };
  t.deepEqual(first, { class: 1, box: [2, 3, 12, 8], ...flags, area: 40, segmentation: { polygons: [polygon] } });
  const rle = third?.segmentation !== undefined && 'rle' in third.segmentation ? third.segmentation.rle : undefined;
  t.truthy(rle);
  if (rle !== undefined) {
    t.is(rleArea(rle), 5);
    t.is(decodeRle(rle).data[3 * 30], 1); // down the first column from the fourth row
  }
  // A box that is out by less than a pixel is cut to the image.
  t.deepEqual(found.images[1]?.objects, [
    { class: 2, box: [0, 0, 10, 12], crowd: true, ignore: false, difficult: false, area: 9 },
  ]);
});

test('bad objects are refused with file and number', async (t) => {
  const of = 'annotation 1: ';
  await refused(
    t,
    withObject({ bbox: [2, 3, 0, 5] }),
    `${of}expected a box with an area, as left, top, right, bottom, but found [2, 3, 2, 8]`,
  );
  await refused(
    t,
    withObject({ bbox: [25, 3, 10, 5] }),
    `${of}expected a box inside the image of 30x20 (width x height), as left, top, right, bottom, but found [25, 3, 35, 8]`,
  );
  await refused(
    t,
    withObject({ bbox: [30.2, 3, 0.5, 5] }),
    `${of}expected a box that shares area with the image of 30x20 but found [30.2, 3, 30.7, 8]`,
  );
  await refused(
    t,
    withObject({ bbox: [1, 2, 3] }),
    `${of}expected "bbox" as [left, top, width, height] but found [1,2,3]`,
  );
  await refused(t, withObject({ category_id: 2 }), `${of}expected the number of a category but found 2`);
  await refused(t, withObject({ image_id: 8 }), `${of}expected the number of an image but found 8`);
  await refused(
    t,
    withObject({ segmentation: [[1, 1, 5, 5]] }),
    `${of}polygon: expected at least 3 points but found 2 points`,
  );
  const rle = (counts: unknown, size = [20, 30]) => withObject({ segmentation: { size, counts } });
  await refused(t, rle([3, 5]), `${of}RLE: expected counts that sum to 20x30 = 600 pixels but found a sum of 8`);
  await refused(t, rle('3~'), `${of}RLE: expected characters from 0 to o but found "~"`);
  await refused(t, rle([600], [30, 20]), `${of}expected an RLE of size [20, 30], as the image but found [30,20]`);
  await refused(t, withObject({ iscrowd: 2 }), `${of}expected 0 or 1 for "iscrowd" but found 2`);
});

test('bad images and categories are refused with what is wrong', async (t) => {
  const withImage = (changes: object) => ({ images: [{ ...images[0], ...changes }], categories, annotations: [] });
  const missing = path.join(folder, 'images', 'c.png');
  await refused(t, withImage({ file_name: 'c.png' }), `image 7: expected the image ${missing} but found no such file`);
  await refused(
    t,
    withImage({ file_name: '../a.png' }),
    `image 7: expected the name of a file in ${path.join(folder, 'images')} but found "../a.png"`,
  );
  await refused(
    t,
    withImage({ width: 0 }),
    'image 7: expected width and height as integers of 1 or more but found 0 and 20',
  );
  await refused(
    t,
    { images: [...images, images[0]], categories, annotations: [] },
    'images: expected each number once but found 7 twice',
  );
  const twice = [...categories, { id: 1, name: 'man' }];
  await refused(
    t,
    { images, categories: twice, annotations: [] },
    'categories: expected each number once but found 1 twice',
  );
  await refused(t, { images, categories }, 'expected an object with a list "annotations" but found none');
  await refused(t, [], 'expected an object with a list "categories" but found none');
});

test('damaged JSON is refused with its line', async (t) => {
  await refused(
    t,
    '{\n "images": [],\n "categories": [oops],\n "annotations": []}',
    'line 3: expected JSON but found "oops],\\n \\"annotations"',
  );
  await refused(t, '{\n "images": [],\n "categories": [', 'line 3: expected JSON but found the end of the file');
  await refused(t, '{"images": [],}\n', 'line 1: expected JSON but found "}\\n"');
  await refused(t, '', 'line 1: expected JSON but found the end of the file');
});

test('with skip, bad objects and images are left out and counted', async (t) => {
  const annotations = [
    object,
    { ...object, id: 2, bbox: [2, 3, -1, 5] },
    { ...object, id: 3, category_id: 4 },
    { ...object, id: 4, image_id: 9 }, // of the image that is left out
    { ...object, id: 5, image_id: 99 },
  ];
  const { result } = await read(
    { images: [...images, { id: 9, file_name: 'gone.png' }], categories, annotations },
    'skip',
  );
  const { images: kept, problems } = await result();
  t.deepEqual(
    kept.map(({ id, objects }) => [id, objects.length]),
    [
      [7, 1],
      [3, 0],
    ],
  );
  t.deepEqual(
    problems.map(({ details }) => details.place),
    ['image 9', 'annotation 2', 'annotation 3', 'annotation 5'],
  );
});
