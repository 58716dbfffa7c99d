/** Encodings and polygons against pycocotools, components against SciPy: test/fixtures/vision/masks.py. */
import { readFileSync } from 'node:fs';
import test from 'ava';
import { z } from 'zod';
import {
  connectedComponents,
  decodeRle,
  encodeMask,
  type Mask,
  mergeRles,
  polygonRle,
  polygonsRle,
  rleArea,
  rleBox,
  rleFromCounts,
  rleFromText,
  rleIou,
  rleToText,
  vocColours,
} from '../../src/masks/index.js';

const numbers = z.array(z.number());
const size = z.tuple([z.number(), z.number()]);
const rle = z.object({ size, counts: z.string() });
const fixture = z
  .object({
    ...{ masks: z.array(z.array(z.string())), rles: z.array(rle), long: rle, longArea: z.number(), areas: numbers },
    ...{ boxes: z.array(numbers), crowd: numbers, iou: z.array(numbers), union: rle, intersection: rle, size },
    ...{ polygons: z.array(numbers), polygonCounts: z.array(z.string()), several: rle },
    ...{ components4: z.array(numbers), components8: z.array(numbers) },
  })
  .parse(JSON.parse(readFileSync(new URL('../../../test/fixtures/vision/masks.json', import.meta.url), 'utf8')));

const masks = fixture.masks.map((rows): Mask => {
  const data = Uint8Array.from(rows.join(''), Number);
  return { height: rows.length, width: data.length / rows.length, data };
});
const rles = fixture.rles.map(({ counts, size: sides }) => rleFromText(counts, sides));
const crowd = fixture.crowd.map(Boolean);

test('masks are encoded and decoded as pycocotools does', (t) => {
  masks.forEach((mask, i) => {
    t.is(rleToText(encodeMask(mask)), fixture.rles[i]?.counts ?? '');
    t.deepEqual(decodeRle(rles[i] as (typeof rles)[0]), mask);
  });
});

test('text of long and of falling runs is read and written unchanged', (t) => {
  const { counts, size: sides } = fixture.long;
  const read = rleFromText(counts, sides);
  t.is(rleToText(read), counts);
  t.is(rleArea(read), fixture.longArea);
  t.deepEqual(rleFromCounts([...read.counts], sides), read);
});

test('areas, boxes, overlaps, unions and intersections are those of pycocotools', (t) => {
  t.deepEqual(rles.map(rleArea), fixture.areas);
  t.deepEqual(rles.map(rleBox), fixture.boxes);
  t.deepEqual([...rleIou(rles, rles, crowd)], fixture.iou.flat());
  t.is(rleToText(mergeRles(rles.slice(0, 3), 'union')), fixture.union.counts);
  t.is(rleToText(mergeRles(rles.slice(0, 3), 'intersection')), fixture.intersection.counts);
});

test('polygons fill the pixels that pycocotools fills: outside, crossing, thin, with points twice', (t) => {
  const [height, width] = fixture.size;
  fixture.polygons.forEach((points, i) =>
    t.is(rleToText(polygonRle(points, height, width)), fixture.polygonCounts[i] ?? '', points.join()),
  );
  t.is(rleToText(polygonsRle(fixture.polygons.slice(10, 13), height, width)), fixture.several.counts);
});

test('components are numbered and cut as SciPy does', (t) => {
  masks.slice(0, 5).forEach((mask, i) => {
    const four = connectedComponents(mask, 4);
    t.deepEqual([...four.labels], fixture.components4[i]);
    t.deepEqual([...connectedComponents(mask, 8).labels], fixture.components8[i]);
    const areas = four.areas.map((_, k) => four.labels.filter((label) => label === k + 1).length);
    t.deepEqual(four.areas, areas);
  });
});

test('the palette is that of Pascal VOC', (t) => {
  const colour = (index: number): number[] => [...vocColours.subarray(index * 3, index * 3 + 3)];
  t.is(vocColours.length, 768);
  t.deepEqual([0, 1, 2, 3, 4].map(colour), [
    [0, 0, 0],
    [128, 0, 0],
    [0, 128, 0],
    [128, 128, 0],
    [0, 0, 128],
  ]);
  t.deepEqual(colour(15), [192, 128, 128]); // person
  t.deepEqual(colour(20), [0, 64, 128]); // television
  t.deepEqual(colour(255), [224, 224, 192]); // border
});

test('corrupt encodings and polygons are refused with what is wrong', (t) => {
  const refused = (act: () => unknown, message: string): void => {
    t.throws(act, { code: 'CONVOY_DATA', message });
  };
  refused(() => rleFromText('52', [2, 2]), 'RLE: expected counts that sum to 2x2 = 4 pixels but found a sum of 7');
  refused(() => rleFromText('4!', [2, 2]), 'RLE: expected characters from 0 to o but found "!"');
  refused(() => rleFromText('4o', [2, 2]), 'RLE: expected the rest of a count but found the end of the text');
  refused(
    () => rleFromText('oooooooo0', [2, 2]),
    'RLE: expected counts of at most 7 characters but found a longer one',
  );
  refused(() => rleFromText('5O', [2, 2]), 'RLE: expected counts of 0 or more but found -1');
  refused(() => rleFromCounts([1, 2.5], [2, 2]), 'RLE: expected counts of 0 or more but found 2.5');
  refused(() => polygonRle([1, 1, 5, 5], 9, 9), 'polygon: expected at least 3 points but found 2 points');
  refused(() => polygonRle([1, 1, 5, 5, 2], 9, 9), 'polygon: expected an even number of coordinates but found 5');
  refused(() => polygonRle([1, 1, 5, Number.NaN, 2, 2], 9, 9), 'polygon: expected finite coordinates but found NaN');
  t.throws(() => polygonRle([0, 0, 1e9, 0, 1e9, 1e9], 9, 9), {
    message: 'polygon: expected a boundary of at most 10000000 pixels but found one of 3000000000',
  });
  t.throws(() => mergeRles([rleFromCounts([4], [2, 2]), rleFromCounts([6], [2, 3])], 'union'), {
    message: 'RLE: expected a mask of 2x2 but found one of 2x3',
  });
});
