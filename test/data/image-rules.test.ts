/** A test for each row of "Images" in docs/data.md. Right values are Pillow's, or computed by hand where a comment says so. */
import path from 'node:path';
import test, { type ExecutionContext } from 'ava';
import sharp from 'sharp';
import { openDataset } from '../../src/data/index.js';
import { BadImageError, decodeImage } from '../../src/images/index.js';
import { plainPng, temporaryFolder, writeTree } from '../fixtures/data/files.js';
import { type Rules, ruleRows, ten } from '../support/data-rules.js';
import { pillow } from '../support/pillow-images.js';

const { folder, remove } = await temporaryFolder();
process.env['CONVOY_CACHE'] = path.join(folder, 'cache');

/** The first pixel of an image, decoded to its own or another size. */
async function firstPixel(encoded: Uint8Array, side = 8, channels = 3): Promise<number[]> {
  const into = new Uint8Array(side * side * channels);
  await decodeImage(encoded, { height: side, width: side, channels }, into);
  return [...into.subarray(0, channels)];
}

const refused = (t: ExecutionContext, encoded: Uint8Array, message: RegExp) =>
  t.throwsAsync(firstPixel(encoded), { instanceOf: BadImageError, message });

const open = (name: string, options: object = {}) => openDataset({ name, seed: 1, ...options });

let trees = 0;
const red = await plainPng('#ff0000');

/** A folder of two classes of ten red images, and the images that are given. */
const tree = (others: Readonly<Record<string, Uint8Array>> = {}) =>
  writeTree(path.join(folder, `tree-${trees++}`), {
    ...Object.fromEntries(ten('a', 'b').map((name) => [name, red])),
    ...others,
  });

/** An image of one colour. */
const plain = (colour: string, side = 8) =>
  sharp({ create: { width: side, height: side, channels: 3, background: colour } });

/** A picture whose left half is black and right half white, twice as wide as high. */
const halves = await plain('#000', 20).extend({ right: 20, background: '#fff' }).png().toBuffer();

const rules: Rules = {
  formats: async (t) => {
    const plain = sharp({ create: { width: 8, height: 8, channels: 3, background: '#336699' } });
    for (const encoded of [await plain.png().toBuffer(), await plain.webp({ lossless: true }).toBuffer()]) {
      t.deepEqual(await firstPixel(encoded), [0x33, 0x66, 0x99]);
    }
    t.deepEqual(await firstPixel(Buffer.concat([Buffer.from('P6 8 8 255\n'), Buffer.alloc(192, 7)])), [7, 7, 7]);
    await refused(t, Buffer.from('BM and more bytes that follow'), /image but found BMP, which convoy does not decode/);
    await refused(t, Buffer.from('....ftypheic....mif1heic'), /found HEIC/);
    await refused(t, Buffer.from('\xff\x0a....', 'latin1'), /found JPEG XL/);
    await refused(t, Buffer.from('<svg xmlns="http://www.w3.org/2000/svg"/>'), /found SVG/);
    await refused(t, Buffer.from('%PDF-1.7'), /found PDF/);
    await refused(t, Buffer.from('nothing like it'), /found other content \(its first bytes are 6e6f7468696e6720\)/);
  },
  size: async (t) => {
    const small = await open(await tree());
    t.deepEqual(small.train.shape, { height: 8, width: 8, channels: 3 });
    // In any order: the other size may come first or last.
    for (const name of ['a/0.png', 'b/9.png']) {
      const mixed = await open(await tree({ [name]: await plainPng('#00ff00', 9, 8) }));
      t.deepEqual(mixed.train.shape, { height: 224, width: 224, channels: 3 });
      t.regex(mixed.notes.join(), /images have several sizes \(.*9x8.*\), so all are brought to 224x224; --image-size/);
    }
    const sized = await open(await tree(), { imageSize: [4, 6] });
    t.deepEqual(sized.train.shape, { height: 4, width: 6, channels: 3 });
  },
  resizing: async (t) => {
    const into = new Uint8Array(4 * 4 * 3);
    await decodeImage(halves, { height: 4, width: 4, channels: 3 }, into);
    // The central square has both halves.
    t.deepEqual([into[0], into[9]], [0, 255]);
  },
  orientation: async (t) => {
    // Orientation 6: turned clockwise to be upright, so that the left half becomes the upper.
    const turned = await sharp(halves).withMetadata({ orientation: 6 }).png().toBuffer();
    const into = new Uint8Array(40 * 20 * 3);
    await decodeImage(turned, { height: 40, width: 20, channels: 3 }, into);
    t.deepEqual([into[0], into[into.length - 1]], [0, 255]);
  },
  transparency: async (t) => {
    const clear = {
      create: { width: 8, height: 8, channels: 4, background: { r: 200, g: 20, b: 20, alpha: 0 } },
    } as const;
    for (const side of [8, 5, 3])
      t.deepEqual(await firstPixel(await sharp(clear).png().toBuffer(), side), [200, 20, 20]);
  },
  frames: async (t) => {
    const frames = Buffer.alloc(8 * 16 * 3, 250).fill(10, 8 * 8 * 3);
    const raw = { width: 8, height: 16, channels: 3, pageHeight: 8 } as const;
    for (const encoded of [
      await sharp(frames, { raw }).gif().toBuffer(),
      await sharp(frames, { raw }).webp({ lossless: true }).toBuffer(),
    ]) {
      t.deepEqual(await firstPixel(encoded), [250, 250, 250]);
    }
  },
  depth: async (t) => {
    // Values 0x1234 of 16 bits: the high byte is 0x12.
    const deep = Buffer.concat([Buffer.from('P5 8 8 65535\n'), Buffer.alloc(128, Buffer.from([0x12, 0x34]))]);
    t.deepEqual(await firstPixel(deep), [0x12, 0x12, 0x12]);
    for (const what of ['32-bit floating point', '32-bit integer']) {
      const file = pillow.refused[`TIFF of ${what === '32-bit integer' ? what : '32-bit float'}s`] as Uint8Array;
      await refused(t, file, new RegExp(`8 or 16 bits a channel but found one of ${what} values`));
    }
  },
  colour: async (t) => {
    const grey = sharp({ create: { width: 8, height: 8, channels: 3, background: '#777' } }).toColourspace('b-w');
    t.deepEqual(await firstPixel(await grey.png().toBuffer()), [0x77, 0x77, 0x77]);
    const palette = sharp({ create: { width: 8, height: 8, channels: 3, background: '#369' } }).png({ palette: true });
    t.deepEqual(await firstPixel(await palette.toBuffer()), [0x33, 0x66, 0x99]);
    // sRGB's red in Display P3 is (234, 51, 35): read back it is sRGB's red, some levels off.
    const wide = sharp({ create: { width: 8, height: 8, channels: 3, background: '#f00' } })
      .withIccProfile('p3')
      .png();
    const [r = 0, g = 255, b = 255] = await firstPixel(await wide.toBuffer());
    t.true(r > 250 && g < 8 && b < 8, `${r}, ${g}, ${b}`);
  },
  CMYK: async (t) => {
    const inked = await plain('#f00', 32).toColourspace('cmyk').jpeg({ quality: 100 }).toBuffer();
    const [r = 0, g = 255, b = 255] = await firstPixel(inked, 32);
    t.true(r > 200 && g < 80 && b < 80, `${r}, ${g}, ${b}`);
    // The same inks, stored inverted with Adobe's marker, and as they are without it: white paper with 4% black.
    const { files = {} } = pillow.inks.find(({ ink }) => ink.join() === '0,0,0,10') ?? {};
    for (const file of Object.values(files)) t.true(Math.min(...(await firstPixel(file, 16))) > 230);
    t.is(Object.keys(files).length, 3);
  },
  'grey networks': async (t) => {
    // Pillow: (51 * 19595 + 102 * 38470 + 153 * 7471 + 32768) >> 16 = 93.
    const encoded = await sharp({ create: { width: 8, height: 8, channels: 3, background: '#336699' } })
      .png()
      .toBuffer();
    t.deepEqual(await firstPixel(encoded, 8, 1), [93]);
  },
  limit: async (t) => {
    await refused(t, Buffer.from('P5 10000 10000 255\n'), /at most 89478485 pixels but found 10000x10000/);
    const png = Buffer.from(await plainPng('#000', 8, 8));
    const encoded = await sharp({ create: { width: 9500, height: 9500, channels: 3, background: '#000' } })
      .png()
      .toBuffer();
    await refused(t, encoded, /Input image exceeds pixel limit/);
    t.deepEqual(await firstPixel(png), [0, 0, 0]);
  },
  damage: async (t) => {
    const noisy = { type: 'gaussian', mean: 128, sigma: 50 } as const;
    const photo = sharp({ create: { width: 64, height: 64, channels: 3, background: '#000', noise: noisy } });
    for (const whole of [await photo.jpeg().toBuffer(), await photo.png().toBuffer(), await photo.webp().toBuffer()]) {
      await refused(t, whole.subarray(0, whole.length >> 1), /a whole image but found data that cannot be decoded: /);
    }
    await refused(t, Buffer.alloc(0), /found an empty file \(0 bytes\)/);
    await refused(t, Buffer.from('P6 8 8 255\n'), /192 bytes of pixels but found the end after 0/);
  },
};

test.after.always(remove);
for (const [what, check] of Object.entries(rules)) test.serial(`${what}: as docs/data.md says`, check);

test('every row of the table has a test', async (t) => {
  t.deepEqual(await ruleRows('Images'), Object.keys(rules).sort());
});
