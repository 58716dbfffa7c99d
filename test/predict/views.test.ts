import { readFile } from 'node:fs/promises';
import test from 'ava';
import { z } from 'zod';
import { cutViews, viewsOf } from '../../src/predict/views.js';

const size = z.tuple([z.number(), z.number()]);
const kind = z.enum(['five-crop', 'ten-crop']);
/** Made by `test/fixtures/views.py`. */
const cases = z
  .array(z.object({ kind, whole: size, crop: size, pixels: z.array(z.array(z.number())) }))
  .parse(JSON.parse(await readFile('test/fixtures/views.json', 'utf8')));

/** Places do not fit into bytes: an image of their low bytes and one of their high bytes. */
const bytesOf = (values: readonly number[], shift: number): number[] => values.map((value) => (value >> shift) & 255);

test("crops are torchvision's, in its order", (t) => {
  for (const { kind, whole, crop, pixels } of cases) {
    const [height, width] = crop;
    const found = viewsOf(kind, { height, width, channels: 1 });
    t.deepEqual([found.whole.height, found.whole.width], whole);
    t.is(found.views.length, pixels.length);
    const places = Array.from({ length: whole[0] * whole[1] }, (_, place) => place);
    for (const [index, view] of found.views.entries()) {
      for (const shift of [0, 8]) {
        const into = new Uint8Array(height * width);
        cutViews(Uint8Array.from(bytesOf(places, shift)), found.whole, view, into, 1);
        t.deepEqual([...into], bytesOf(pixels[index] ?? [], shift), `${kind} ${crop.join('x')}, crop ${index}`);
      }
    }
  }
});

test('flip is the image and its mirror image, all channels of a pixel together', (t) => {
  const shape = { height: 2, width: 2, channels: 3 };
  const { whole, views } = viewsOf('flip', shape);
  t.deepEqual(whole, shape);
  const images = Uint8Array.from({ length: 24 }, (_, index) => index);
  const [plain, mirrored] = views.map((view) => {
    const into = new Uint8Array(24);
    cutViews(images, whole, view, into, 2);
    return [...into];
  });
  t.deepEqual(plain, [...images]);
  const first = [3, 4, 5, 0, 1, 2, 9, 10, 11, 6, 7, 8];
  t.deepEqual(mirrored, [...first, ...first.map((value) => value + 12)]);
});

test('the usual crop of 224 is cut from 256', (t) => {
  const { whole, views } = viewsOf('five-crop', { height: 224, width: 224, channels: 3 });
  t.deepEqual(whole, { height: 256, width: 256, channels: 3 });
  t.deepEqual(views[4]?.box, { left: 16, top: 16, width: 224, height: 224 });
});
