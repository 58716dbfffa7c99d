import test from 'ava';
import {
  type AnnotatedObject,
  objectRle,
  paintObjects,
  type Segmentation,
} from '../../../src/data/annotations/index.js';
import { rleArea, rleFromCounts } from '../../../src/masks/index.js';

const image = { file: 'a.jpg', width: 4, height: 3 };

function object(classIndex: number, segmentation: Segmentation, crowd = false): AnnotatedObject {
  return { class: classIndex, box: [0, 0, 1, 1], crowd, ignore: false, difficult: false, segmentation };
}

test('smaller objects are seen on larger ones, crowds that nothing covers are not counted', (t) => {
  // Down the columns of 3 pixels: the first two columns; the whole image but the last column; the last two columns.
  const small = object(4, { rle: rleFromCounts([0, 6, 6], [3, 4]) });
  const large = object(1, { polygons: [[0, 0, 3, 0, 3, 3, 0, 3]] });
  const crowd = object(0, { rle: rleFromCounts([6, 6], [3, 4]) }, true);
  const row = [5, 5, 2, 255];
  t.deepEqual([...paintObjects({ ...image, objects: [small, crowd, large] })], [...row, ...row, ...row]);
  t.is(rleArea(objectRle(large, image)), 9);
  t.deepEqual([...paintObjects({ ...image, objects: [] })], Array(12).fill(0));
});

test('an object with a box alone has no mask, and 8 bits hold 254 classes', (t) => {
  const { segmentation: _, ...box } = object(0, { polygons: [] });
  t.throws(() => paintObjects({ ...image, objects: [box] }), {
    code: 'CONVOY_DATA',
    message: 'a.jpg: expected objects with outlines but found one with a box alone',
  });
  const many = object(254, { rle: rleFromCounts([12], [3, 4]) });
  t.throws(() => paintObjects({ ...image, objects: [many] }), { message: /classes up to 253 but found 254/ });
});
