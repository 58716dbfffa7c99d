/** Pixels beside Pillow's: `test/fixtures/images/pillow.py` made files and expected pixels. */
import test from 'ava';
import { BadImageError, decodeBatch, decodeImage } from '../../src/images/index.js';
import { loadNative } from '../../src/native/index.js';
import { pillow } from '../support/pillow-images.js';

await loadNative();

/** The pixels of an image by every way there is; they must be the same bytes. */
async function decoded(
  t: { deepEqual(a: unknown, b: unknown, message?: string): unknown },
  file: Uint8Array,
  height: number,
  width: number,
) {
  const shape = { height, width, channels: 3 };
  const pixels = new Uint8Array(height * width * 3);
  await decodeImage(file, shape, pixels);
  const onThisThread = new Uint8Array(pixels.length);
  await decodeImage(file, shape, onThisThread, { onThisThread: true });
  t.deepEqual(onThisThread, pixels, 'the way of the threads of the augmentation stage');
  const batch = await decodeBatch([file, file, file], shape, false);
  t.deepEqual(
    Buffer.from(batch.pixels.subarray(pixels.length, 2 * pixels.length)),
    Buffer.from(pixels),
    'the way of a batch',
  );
  return pixels;
}

const largest = (one: Uint8Array, other: Uint8Array): number =>
  one.reduce((most, value, index) => Math.max(most, Math.abs(value - (other[index] ?? Number.NaN))), 0);

for (const { name, file, height, width, pixels, tolerance } of pillow.cases) {
  test(`${name}: Pillow's pixels`, async (t) => {
    const difference = largest(await decoded(t, file, height, width), pixels);
    t.true(difference <= tolerance, `differs by ${difference}`);
  });
}

for (const { name, file, height, width, shrink, pixels } of pillow.resized) {
  test(`${name}: Pillow's bilinear of the central part`, async (t) => {
    const found = await decoded(t, file, height, width);
    // Below half size JPEG and WebP are decoded smaller and parts are cut at whole pixels of the result: half a pixel of a
    // smooth image. Others are Pillow's arithmetic; one off where a sum lies next to a half, and for JPEG by its rounding.
    const most = shrink < 2 ? 2 : 12;
    t.true(largest(found, pixels) <= most, `differs by ${largest(found, pixels)}`);
  });
}

/** Inks as of a perfect press; libvips's profile is that of a real one. */
const simple = ([cyan = 0, magenta = 0, yellow = 0, black = 0]: readonly number[]): number[] =>
  [cyan, magenta, yellow].map((ink) => ((255 - ink) * (255 - black)) / 255);

for (const { ink, files } of pillow.inks) {
  test(`inks of ${ink}: the same colours with Adobe's marker, without it, and in a TIFF`, async (t) => {
    const [first = new Uint8Array(), ...rest] = await Promise.all(
      Object.values(files).map((file) => decoded(t, file, 16, 16)),
    );
    for (const pixels of rest)
      t.true(largest(pixels, first) <= 2, `${pixels.subarray(0, 3)} and ${first.subarray(0, 3)}`);
    t.true(largest(first.subarray(0, 3), Uint8Array.from(simple(ink))) < 70, `${first.subarray(0, 3)}`);
  });
}

test("grey is the luma of the colours in Pillow's arithmetic", async (t) => {
  const [{ file, height, width, pixels } = pillow.cases[0] as (typeof pillow.cases)[number]] = pillow.cases;
  const grey = new Uint8Array(height * width);
  await decodeImage(file, { height, width, channels: 1 }, grey);
  // Pillow's Convert.c: L = (R * 19595 + G * 38470 + B * 7471 + 0x8000) >> 16.
  const expected = Array.from(grey, (_, i) => {
    const [red = 0, green = 0, blue = 0] = pixels.subarray(3 * i, 3 * i + 3);
    return (red * 19595 + green * 38470 + blue * 7471 + 0x8000) >> 16;
  });
  t.deepEqual([...grey], expected);
});

const reasons: Readonly<Record<string, RegExp>> = {
  'TIFF of 32-bit floats': /8 or 16 bits a channel but found one of 32-bit floating point values/,
  'TIFF of 32-bit integers': /8 or 16 bits a channel but found one of 32-bit integer/,
  BMP: /image but found BMP, which convoy does not decode/,
  ICO: /image but found icon, which convoy does not decode/,
  PBM: /image but found bitmap \(PBM\), which convoy does not decode/,
};

for (const [name, file] of Object.entries(pillow.refused)) {
  test(`${name} is a bad image that says what it is`, async (t) => {
    for (const onThisThread of [false, true]) {
      const into = new Uint8Array(9 * 7 * 3);
      await t.throwsAsync(decodeImage(file, { height: 9, width: 7, channels: 3 }, into, { onThisThread }), {
        instanceOf: BadImageError,
        message: reasons[name] ?? /never/,
      });
    }
  });
}
