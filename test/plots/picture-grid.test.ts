import test from 'ava';
import sharp from 'sharp';
import { ConvoyError } from '../../src/base/errors.js';
import { pictureGrid } from '../../src/plots/picture-grid.js';

const picture = (shade: number, label?: string) => ({
  width: 2,
  height: 1,
  channels: 1,
  pixels: Uint8Array.of(shade, 255 - shade),
  ...(label === undefined ? {} : { label }),
});

async function pixelsOf(png: Buffer) {
  const { data, info } = await sharp(png).raw().toBuffer({ resolveWithObject: true });
  const at = (x: number, y: number): number[] => [
    ...data.subarray((y * info.width + x) * info.channels, (y * info.width + x) * info.channels + 3),
  ];
  return { ...info, at };
}

// Around the pictures are 16 pixels, between them 8; the title takes 32 above them.
const top = 16 + 24 + 8;

test('pictures are enlarged by whole factors, in rows', async (t) => {
  const grid = await pixelsOf(
    await pictureGrid([picture(0), picture(100), picture(200)], {
      title: 'a title that is wide',
      columns: 2,
      side: 40,
    }),
  );
  t.is(grid.height, top + 2 * (20 + 8) + 16 - 8);
  const left = Math.floor((grid.width - (2 * 48 - 8 + 32)) / 2) + 16;
  t.deepEqual(grid.at(left + 19, top + 19), [0, 0, 0]);
  t.deepEqual(grid.at(left + 20, top), [255, 255, 255]);
  t.deepEqual(grid.at(left + 48, top), [100, 100, 100]);
  t.deepEqual(grid.at(left + 48 + 39, top), [155, 155, 155]);
  t.deepEqual(grid.at(left, top + 28), [200, 200, 200]);
  t.deepEqual(grid.at(left + 48, top + 28), [255, 255, 255], 'no fourth picture');
});

test('labels and titles of any text are drawn', async (t) => {
  const texts = ['<b>&"c"', 'قطة', '\u0007bell', `${'long '.repeat(200)}`];
  const plain = await pictureGrid([picture(9)], { title: 'x'.repeat(30) });
  for (const text of texts) {
    const labelled = await pixelsOf(await pictureGrid([picture(9, text)], { title: text, captions: [text] }));
    t.true(labelled.width <= 1200, 'a long title is cut');
    t.is(labelled.height, (await pixelsOf(plain)).height + 19 + 16, 'a caption and a label more');
  }
});

test('a grid without a picture, or without columns, is refused', async (t) => {
  for (const grid of [pictureGrid([], { title: '' }), pictureGrid([picture(1)], { title: '', columns: 0 })]) {
    const error = await t.throwsAsync(grid, { instanceOf: ConvoyError });
    t.is(error?.code, 'CONVOY_OPTION');
  }
});
