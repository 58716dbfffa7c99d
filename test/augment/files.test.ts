import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import test from 'ava';
import sharp from 'sharp';
import { parseAugment } from '../../augment/spec/index.js';
import { createGatherStage, dropBadImages, renderVersions } from '../../augment/stage/index.js';
import { ConvoyError } from '../../src/base/errors.js';
import { centralPart } from '../../src/contracts/index.js';
import { everyBatch } from '../../src/coordinator/sweep.js';
import { decodeImageFile } from '../../src/images/index.js';
import { readJpegHeader } from '../../src/images/jpeg-header.js';
import { fileDataset, redBlue, slotFor, wholeEpoch, withFolder } from '../support/file-dataset.js';

test('every kind of image comes out as the same upright 8-bit colours', async (t) => {
  await withFolder(async (folder) => {
    const base = await (await redBlue(40, 24)).png().toBuffer();
    const turned = await sharp(base).rotate(-90).toBuffer(); // turning clockwise by 90 (orientation 6) restores it
    const files: Record<string, Buffer> = {
      'plain.jpg': await sharp(base).jpeg({ quality: 100, chromaSubsampling: '4:4:4' }).toBuffer(),
      'turned.jpg': await sharp(turned)
        .jpeg({ quality: 100, chromaSubsampling: '4:4:4' })
        .withMetadata({ orientation: 6 })
        .toBuffer(),
      'png-named.jpg': base,
      'cmyk.jpg': await sharp(base).toColourspace('cmyk').jpeg({ quality: 100 }).toBuffer(),
      'sixteen.png': await sharp(base).toColourspace('rgb16').png().toBuffer(),
      'palette.png': await sharp(base).png({ palette: true }).toBuffer(),
      'alpha.png': await sharp(base).ensureAlpha(1).png().toBuffer(),
      'lossless.webp': await sharp(base).webp({ lossless: true }).toBuffer(),
      'one.gif': await sharp(base).gif().toBuffer(),
      'plain.tiff': await sharp(base).tiff({ compression: 'lzw' }).toBuffer(),
    };
    for (const [name, bytes] of Object.entries(files)) await writeFile(join(folder, name), bytes);
    const names = Object.keys(files);
    const shape = { height: 12, width: 20, channels: 3 };
    const pixels = await wholeEpoch(fileDataset(folder, names, shape));
    names.forEach((name, index) => {
      const at = (x: number, y: number): number[] => {
        const start = index * 720 + (y * 20 + x) * 3;
        return [...pixels.subarray(start, start + 3)];
      };
      for (const y of [0, 11]) {
        const [left, right] = [at(2, y), at(17, y)];
        // Exact but for JPEG's rounding; CMYK has no pure red and blue.
        const least = name.startsWith('cmyk') ? 100 : 245;
        t.true((left[0] ?? 0) - (left[2] ?? 0) >= least, `${name}: left is ${left.join()}`);
        t.true((right[2] ?? 0) - (right[0] ?? 0) >= least, `${name}: right is ${right.join()}`);
      }
    });
  });
});

test('transparency is dropped and the colour below it stays, as by Pillow for torchvision, whatever is cut and resized', async (t) => {
  await withFolder(async (folder) => {
    const clear = {
      create: { width: 60, height: 40, channels: 4, background: { r: 200, g: 100, b: 50, alpha: 0 } },
    } as const;
    await sharp(clear).png().toFile(join(folder, 'clear.png'));
    for (const fraction of [1, 0.3, 0.9]) {
      for (const side of [8, 20, 50]) {
        const pixels = new Uint8Array(side * side * 3);
        const shape = { height: side, width: side, channels: 3 };
        await decodeImageFile(join(folder, 'clear.png'), shape, pixels, {
          choosePart: (size) => centralPart(size, shape, fraction),
        });
        t.deepEqual(
          pixels,
          Uint8Array.from(pixels, (_, index) => [200, 100, 50][index % 3] ?? 0),
          `${side}, ${fraction}`,
        );
      }
    }
  });
});

test('an animated GIF shows its first frame, a 1xN image is stretched, grey ones come as one channel', async (t) => {
  await withFolder(async (folder) => {
    const frames = Buffer.alloc(8 * 16 * 3, 250);
    frames.fill(10, 8 * 8 * 3);
    await sharp(frames, { raw: { width: 8, height: 16, channels: 3, pageHeight: 8 } })
      .gif()
      .toFile(join(folder, 'animated.gif'));
    await sharp({ create: { width: 1, height: 50, channels: 3, background: '#fff' } })
      .png()
      .toFile(join(folder, 'thin.png'));
    const pixels = await wholeEpoch(
      fileDataset(folder, ['animated.gif', 'thin.png'], { height: 8, width: 8, channels: 1 }),
    );
    t.true(pixels.subarray(0, 64).every((value) => value > 245));
    t.true(pixels.subarray(64).every((value) => value === 255));
  });
});

test('a bad file early in a large split ends a sweep over it with its error', async (t) => {
  await withFolder(async (folder) => {
    await sharp({ create: { width: 8, height: 8, channels: 3, background: '#fff' } })
      .png()
      .toFile(join(folder, 'good.png'));
    await writeFile(join(folder, 'bad.png'), 'not an image');
    const dataset = fileDataset(
      folder,
      Array.from({ length: 600 }, (_, index) => (index === 5 ? 'bad.png' : 'good.png')),
      { height: 8, width: 8, channels: 3 },
    );
    // As in a run: slots of the size of a training batch before those that evaluation uses.
    const slots = [32, 256, 256, 256].map((count) => slotFor({ ...dataset, count }));
    const stage = createGatherStage({ dataset, slots, workers: 1 });
    try {
      const swept = everyBatch({ stage, slots: [1, 2, 3], count: 600, capacity: 256, work: async () => undefined });
      const error = await t.throwsAsync(swept, { instanceOf: ConvoyError });
      t.is(error.details.file, join(folder, 'bad.png'));
    } finally {
      await stage.close();
    }
  });
});

// Serial: libvips keeps error texts for the whole process, and another test's decode could wipe them.
test.serial('damaged and hostile files are named with a reason, whatever is done to them', async (t) => {
  await withFolder(async (folder) => {
    const noise = sharp({
      create: {
        width: 300,
        height: 300,
        channels: 3,
        background: '#000',
        noise: { type: 'gaussian', mean: 120, sigma: 40 },
      },
    });
    const jpeg = await noise.jpeg().toBuffer();
    const png = await noise.png().toBuffer();
    const flipped = Buffer.from(png);
    flipped[200] = (flipped[200] ?? 0) ^ 0xff;
    const table: [name: string, bytes: Buffer, reason: RegExp][] = [
      ['empty.jpg', Buffer.alloc(0), /empty file \(0 bytes\)/],
      ['cut.jpg', jpeg.subarray(0, jpeg.length >> 1), /premature end/i],
      ['header.jpg', jpeg.subarray(0, 100), /./],
      ['cut.png', png.subarray(0, png.length >> 1), /./],
      ['flipped.png', flipped, /./],
      ['text.jpg', Buffer.from('this is not an image at all'), /other content \(its first bytes are 74686973/],
      [
        'vector.jpg',
        Buffer.from('<svg xmlns="http://www.w3.org/2000/svg" width="9" height="9"/>'),
        /SVG, which convoy does not decode/,
      ],
      ['zeros.png', Buffer.alloc(1000), /other content/],
      [
        'bomb.png',
        await sharp({ create: { width: 2000, height: 2000, channels: 3, background: '#000' } })
          .png()
          .toBuffer(),
        /pixel limit/,
      ],
    ];
    for (const [name, bytes] of table) await writeFile(join(folder, name), bytes);
    const shape = { height: 16, width: 16, channels: 3 };
    for (const [name, , reason] of table) {
      for (const fraction of [1, 0.4]) {
        const decoded = decodeImageFile(join(folder, name), shape, new Uint8Array(768), {
          choosePart: (size) => centralPart(size, shape, fraction),
          mostPixels: 1_000_000,
        });
        const error = await t.throwsAsync(decoded, { instanceOf: ConvoyError }, name);
        t.is(error.code, 'CONVOY_DATA');
        t.true(error.message.startsWith(`${join(folder, name)}: expected a`), error.message);
        t.regex(error.message, reason);
        t.is(error.details.file, join(folder, name));
      }
    }
    const missing = await t.throwsAsync(wholeEpoch(fileDataset(folder, ['nowhere.jpg'], shape)), {
      instanceOf: ConvoyError,
    });
    t.regex(missing.message, /nowhere\.jpg: expected a readable image file but found no such file$/);
  });
});

test('bad images are dropped before an epoch and listed', async (t) => {
  await withFolder(async (folder) => {
    await sharp({ create: { width: 8, height: 8, channels: 3, background: '#fff' } })
      .png()
      .toFile(join(folder, 'good.png'));
    await writeFile(join(folder, 'bad.png'), 'nothing');
    const shape = { height: 4, width: 4, channels: 3 };
    const paths = Array.from({ length: 200 }, (_, index) => (index === 71 ? 'bad.png' : 'good.png'));
    const { dataset, bad } = await dropBadImages(fileDataset(folder, paths, shape));
    t.deepEqual(
      bad.map(({ sample, file }) => ({ sample, file })),
      [{ sample: 71, file: 'bad.png' }],
    );
    t.regex(bad[0]?.reason ?? '', /^expected a JPEG, .* image but found other content/);
    t.is(dataset.count, 199);
    t.deepEqual(dataset.store, { kind: 'files', root: folder, paths: Array.from({ length: 199 }, () => 'good.png') });
    // Labels were 0 and 1 in turn; without the 71st (a 1) two zeros meet.
    const labels = dataset.targets.kind === 'classes' ? [...dataset.targets.labels.subarray(69, 73)] : [];
    t.deepEqual(labels, [1, 0, 0, 1]);
  });
});

test('a part of a photograph is what cutting and resizing it alone gives, cut before or after resizing', async (t) => {
  await withFolder(async (folder) => {
    // A ramp: red grows with x, green with y, so that a value tells the place.
    const [width, height] = [240, 200];
    const ramp = Buffer.alloc(width * height * 3);
    for (let i = 0; i < width * height; i++) {
      ramp[3 * i] = i % width;
      ramp[3 * i + 1] = Math.floor(i / width);
    }
    await sharp(ramp, { raw: { width, height, channels: 3 } })
      .png()
      .toFile(join(folder, 'ramp.png'));
    for (const [side, fraction] of [
      [100, 0.6],
      [20, 0.6],
      [100, 0.9],
      [40, 0.9],
    ] as const) {
      const dataset = fileDataset(folder, ['ramp.png'], { height: side, width: side, channels: 3 });
      const pixels = await wholeEpoch(dataset, `centerCrop:${fraction}`);
      const part = 200 * fraction; // the largest central square has 200 pixels a side
      for (const place of [0, side >> 1, side - 1]) {
        const x = (width - part) / 2 + ((place + 0.5) * part) / side - 0.5;
        const y = (height - part) / 2 + ((place + 0.5) * part) / side - 0.5;
        const start = (place * side + place) * 3;
        // A part is cut at whole pixels of the resized image: up to half of one off.
        const tolerance = 1 + (0.5 * part) / side;
        t.true(Math.abs((pixels[start] ?? 0) - x) <= tolerance, `side ${side}: ${pixels[start]} at ${x}`);
        t.true(Math.abs((pixels[start + 1] ?? 0) - y) <= tolerance, `side ${side}: ${pixels[start + 1]} at ${y}`);
      }
    }
  });
});

test('the header of a JPEG says its size and orientation', async (t) => {
  const image = sharp({ create: { width: 33, height: 21, channels: 3, background: '#888' } });
  const upright = { width: 33, height: 21, orientation: 1, components: 3, plain: true };
  const jpeg = await image.clone().jpeg().toBuffer();
  t.deepEqual(readJpegHeader(jpeg), upright);
  t.deepEqual(readJpegHeader(await image.clone().jpeg({ progressive: true }).toBuffer()), { ...upright, plain: false });
  t.deepEqual(readJpegHeader(jpeg.subarray(0, jpeg.length - 2)), { ...upright, plain: false });
  const profiled = await image.clone().jpeg().withIccProfile('p3').toBuffer();
  t.deepEqual(readJpegHeader(profiled), { ...upright, plain: false });
  const grey = await image.clone().toColourspace('b-w').jpeg().toBuffer();
  t.deepEqual(readJpegHeader(grey), { ...upright, components: 1 });
  const noted = await image.clone().jpeg().withMetadata({ orientation: 8 }).toBuffer();
  const header = readJpegHeader(noted);
  t.deepEqual([header?.width, header?.height, header?.orientation], [33, 21, 8]);
  t.is(readJpegHeader(await image.png().toBuffer()), undefined);
  for (let length = 0; length < noted.length; length += 7) t.notThrows(() => readJpegHeader(noted.subarray(0, length)));
});

test('versions of samples are the originals, then what the transforms make of them epoch after epoch', async (t) => {
  await withFolder(async (folder) => {
    await (await redBlue(40, 24)).png().toFile(join(folder, 'a.png'));
    const dataset = fileDataset(folder, ['a.png', 'a.png', 'a.png'], { height: 24, width: 40, channels: 3 });
    const setup = { dataset, seed: 1, transforms: parseAugment('flip:1'), versions: 2 };
    const [plain, ...flipped] = await renderVersions(Uint32Array.of(2, 0), setup);
    const row = 40 * 3;
    t.is(plain?.pixels.length, 2 * 24 * row);
    t.deepEqual([...(plain?.pixels.subarray(0, 3) ?? [])], [255, 0, 0], 'red at the left');
    t.is(flipped.length, 2);
    for (const version of flipped)
      t.deepEqual([...version.pixels.subarray(row - 3, row)], [255, 0, 0], 'red at the right');
  });
});
