/** JPEG parts by TensorFlow's decoder beside the same by sharp, which decodes with the same library. */
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import test from 'ava';
import sharp, { type Sharp } from 'sharp';
import { parseAugment } from '../../augment/spec/index.js';
import { createAugmentStage } from '../../augment/stage/index.js';
import { Renderer } from '../../augment/stage/renderer.js';
import { RandomStream } from '../../src/base/random.js';
import type { Dataset, PixelBox } from '../../src/contracts/index.js';
import { decodeImageFile } from '../../src/images/index.js';
import { isPlainJpeg, JpegDecoder, openJpegDecoder } from '../../src/images/jpeg.js';
import { type JpegHeader, readJpegHeader } from '../../src/images/jpeg-header.js';
import { type Picture, resizePicture, sourceRoom } from '../../src/images/resize.js';
import { loadNative } from '../../src/native/index.js';

const native = await loadNative();
const [width, height] = [117, 90];

/** Blobs of colour with grain: every block has its own colours and edges. */
function picture(): Sharp {
  const stream = new RandomStream(1, 'test');
  const pixels = Buffer.alloc(width * height * 3);
  for (let i = 0; i < width * height; i++) {
    const [x, y] = [i % width, Math.floor(i / width)];
    for (let channel = 0; channel < 3; channel++) {
      const wave = Math.sin(x / (5 + 3 * channel)) * Math.cos(y / (9 - 2 * channel));
      pixels[3 * i + channel] = Math.round(128 + 90 * wave + stream.below(40) - 20);
    }
  }
  return sharp(pixels, { raw: { width, height, channels: 3 } });
}

function header(bytes: Buffer): JpegHeader {
  const read = readJpegHeader(bytes);
  if (read === undefined) throw new TypeError('not a JPEG');
  return read;
}

const files: Readonly<Record<string, Buffer>> = {
  '4:2:0': await picture().jpeg({ quality: 85 }).toBuffer(),
  '4:4:4': await picture().jpeg({ quality: 95, chromaSubsampling: '4:4:4' }).toBuffer(),
  grey: await picture().toColourspace('b-w').jpeg({ quality: 85 }).toBuffer(),
};

/** What the decoder left in the room, row behind row. */
function decoded(decoder: JpegDecoder, bytes: Buffer, box: PixelBox, channels: 1 | 3): Uint8Array | undefined {
  const part = decoder.decode(bytes, header(bytes), box, channels);
  if (part === undefined) return undefined;
  const room = sourceRoom(part.start + box.height * part.stride);
  const row = box.width * channels;
  const pixels = new Uint8Array(box.height * row);
  for (let y = 0; y < box.height; y++)
    pixels.set(room.subarray(part.start + y * part.stride, part.start + y * part.stride + row), y * row);
  return pixels;
}

test('any part of a JPEG has the pixels that sharp decodes', async (t) => {
  const decoder = new JpegDecoder(native);
  t.true(decoder.writesRoom);
  for (const [name, bytes] of Object.entries(files)) {
    for (const channels of name === 'grey' ? ([1, 3] as const) : ([3] as const)) {
      const colours = channels === 1 ? 'b-w' : 'srgb';
      const whole = await sharp(bytes).toColourspace(colours).raw().toBuffer();
      t.is(whole.length, width * height * channels);
      t.true(isPlainJpeg(header(bytes), channels));
      const stream = new RandomStream(2, 'test');
      for (let turn = 0; turn < 40; turn++) {
        const [w, h] = turn === 0 ? [width, height] : [1 + stream.below(width), 1 + stream.below(height)];
        const box = { left: stream.below(width - w + 1), top: stream.below(height - h + 1), width: w, height: h };
        const pixels = decoded(decoder, bytes, box, channels) ?? new Uint8Array();
        const expected = Array.from({ length: h }, (_, y) => {
          const start = ((box.top + y) * width + box.left) * channels;
          return whole.subarray(start, start + w * channels);
        });
        t.true(Buffer.concat(expected).equals(pixels), `${name} of ${channels} channels, ${JSON.stringify(box)}`);
      }
    }
  }
});

test('only what needs no turning and no conversion of colours is decoded so', async (t) => {
  const colours = header(files['4:2:0'] as Buffer);
  t.true(isPlainJpeg(colours, 3));
  t.false(isPlainJpeg(colours, 1)); // sharp's grey is not the file's luma
  const others = {
    turned: await picture().jpeg().withMetadata({ orientation: 6 }).toBuffer(),
    progressive: await picture().jpeg({ progressive: true }).toBuffer(),
    profiled: await picture().jpeg().withIccProfile('p3').toBuffer(),
    cmyk: await picture().toColourspace('cmyk').jpeg().toBuffer(),
  };
  for (const [name, bytes] of Object.entries(others)) t.false(isPlainJpeg(header(bytes), 3), name);
});

test('a file is decoded, cut and resized as sharp and the resizer do it', async (t) => {
  const folder = await mkdtemp(join(tmpdir(), 'convoy-augment-'));
  try {
    const shape = { width: 64, height: 64, channels: 3 };
    const target: Picture = { width: 64, height: 64, channels: 3 };
    // The largest central square, 90 of 117 columns: 13 are left out on the left.
    const box = { left: 13, top: 0, width: 90, height: 90 };
    const file = join(folder, 'a.jpg');
    for (const [name, bytes] of Object.entries(files)) {
      await writeFile(file, bytes);
      const into = new Uint8Array(64 * 64 * 3);
      await decodeImageFile(file, shape, into, { onThisThread: true });
      const cut = await sharp(bytes).extract(box).toColourspace('srgb').raw().toBuffer();
      const expected = new Uint8Array(into.length);
      resizePicture(cut, { width: 90, height: 90, channels: 3 }, target, expected);
      t.deepEqual(into, expected, name);
    }
    // Turned by its EXIF note: the old way, and upright.
    const turned = await picture()
      .rotate(-90)
      .jpeg({ quality: 100, chromaSubsampling: '4:4:4' })
      .withMetadata({ orientation: 6 })
      .toBuffer();
    const upright = await picture().jpeg({ quality: 100, chromaSubsampling: '4:4:4' }).toBuffer();
    const pixels: Uint8Array[] = [];
    for (const bytes of [turned, upright]) {
      await writeFile(file, bytes);
      const into = new Uint8Array(64 * 64 * 3);
      await decodeImageFile(file, shape, into, { onThisThread: true });
      pixels.push(into);
    }
    // Two encodings of the same picture at quality 100 differ by their own rounding only.
    t.true(pixels[0]?.every((value, index) => Math.abs(value - (pixels[1]?.[index] ?? NaN)) <= 6));
  } finally {
    await rm(folder, { recursive: true });
  }
});

test('the stage’s threads give the same bytes as this one, whatever their number', async (t) => {
  const root = await mkdtemp(join(tmpdir(), 'convoy-augment-'));
  try {
    await writeFile(join(root, 'a.jpg'), files['4:2:0'] as Buffer);
    await writeFile(join(root, 'b.jpg'), files['grey'] as Buffer);
    const count = 70; // two windows of 32 and a rest
    const dataset: Dataset = {
      name: 'files',
      split: 'train',
      count,
      classes: ['any'],
      shape: { width: 64, height: 64, channels: 3 },
      store: {
        kind: 'files',
        root,
        paths: Array.from({ length: count }, (_, index) => (index % 3 === 0 ? 'b.jpg' : 'a.jpg')),
      },
      targets: { kind: 'classes', labels: new Int32Array(new SharedArrayBuffer(count * 4)) },
      fingerprint: '',
    };
    const transforms = parseAugment('resizedCrop,flip');
    const order = Uint32Array.from({ length: count }, (_, index) => index);
    const bytes = 64 * 64 * 3;
    const renderer = new Renderer({ dataset, transforms, seed: 1 });
    const here = new Uint8Array(count * bytes);
    for (let window = 0; 32 * window < count; window++) {
      const samples = order.subarray(32 * window, 32 * window + 32);
      await renderer.render(0, window, samples, {
        pixels: here.subarray(32 * window * bytes, (32 * window + samples.length) * bytes),
      });
    }
    for (const workers of [1, 2]) {
      const slot = {
        pixels: new Uint8Array(new SharedArrayBuffer(count * bytes)),
        labels: new Int32Array(new SharedArrayBuffer(count * 4)),
      };
      const stage = await createAugmentStage({
        dataset,
        slots: [slot],
        transforms,
        seed: 1,
        workers,
        batchSize: count,
      });
      try {
        stage.begin(0, order, 0);
        await stage.fill({ epoch: 0, position: 0, samples: order, slot: 0 });
      } finally {
        await stage.close();
      }
      t.true(Buffer.from(slot.pixels).equals(here), `${workers} threads`);
    }
  } finally {
    await rm(root, { recursive: true });
  }
});

test('what TensorFlow takes of damaged files sharp takes too, with the same pixels; what it refuses is sharp’s', async (t) => {
  const decoder = new JpegDecoder(native);
  const before = native.tensorCount();
  const box = { left: 0, top: 0, width, height };
  const outcomes = new Set<string>();
  for (let turn = 0; turn < 24; turn++) {
    const bytes = Buffer.from(files['4:2:0'] as Buffer);
    // Behind the start of frame, whose sizes stay, and before the end; a whole stretch or a byte.
    const from = 200 + ((turn * 211) % (bytes.length - 420));
    bytes.fill((turn * 37) & 255, from, from + (turn % 2 === 0 ? 1 : 200));
    const read = header(bytes);
    t.true(isPlainJpeg(read, 3));
    const pixels = decoded(decoder, bytes, box, 3);
    outcomes.add(pixels === undefined ? 'refused' : 'taken');
    if (pixels === undefined) continue;
    const expected = await sharp(bytes, { failOn: 'error' }).toColourspace('srgb').raw().toBuffer();
    t.true(expected.equals(pixels), `${from}`);
  }
  t.deepEqual([...outcomes].sort(), ['refused', 'taken']);
  t.is(
    decoder.decode(files['4:2:0'] as Buffer, header(files['4:2:0'] as Buffer), { ...box, height: 200 }, 3),
    undefined,
  );
  t.is(native.tensorCount(), before);
});

test.serial('hundreds of photographs leave tensors and memory where they were', async (t) => {
  const decoder = await openJpegDecoder();
  const box = { left: 20, top: 5, width: 80, height: 80 };
  // 200 kB behind the end of the image, which every decoder passes over: were a copy kept, 500 would hold 100 MB.
  const bytes = Buffer.concat([files['4:2:0'] as Buffer, Buffer.alloc(200_000), Buffer.of(0xff, 0xd9)]);
  const run = (times: number): void => {
    for (let turn = 0; turn < times; turn++) t.truthy(decoder?.decode(bytes, header(bytes), box, 3));
  };
  run(50);
  const tensors = native.tensorCount();
  const memory = process.memoryUsage.rss();
  run(500);
  t.is(native.tensorCount(), tensors);
  t.true(process.memoryUsage.rss() - memory < 50e6, `${process.memoryUsage.rss() - memory} bytes more`);
});
