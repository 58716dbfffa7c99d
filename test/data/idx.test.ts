import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { gzipSync } from 'node:zlib';
import test from 'ava';
import { ConvoyError } from '../../src/base/errors.js';
import { readIdxImages, readIdxLabels } from '../../src/data/formats/idx.js';

const folder = await mkdtemp(path.join(tmpdir(), 'convoy-idx-'));
test.after.always(() => rm(folder, { recursive: true, force: true }));

const shape = { height: 2, width: 3, channels: 1 };
let files = 0;

async function file(bytes: Uint8Array): Promise<string> {
  const name = path.join(folder, `file-${files++}`);
  await writeFile(name, bytes);
  return name;
}

/** LeCun's description of the format: 0, 0, type 8 (unsigned byte), dimensions; sizes big-endian; elements. */
function idx(sizes: readonly number[], elements: readonly number[], magic = [0, 0, 8, sizes.length]): Buffer {
  const header = Buffer.alloc(4 * sizes.length);
  sizes.forEach((size, dimension) => header.writeUInt32BE(size, 4 * dimension));
  return Buffer.concat([Buffer.from(magic), header, Buffer.from(elements)]);
}

const twoImages = idx([2, 2, 3], [1, 2, 3, 4, 5, 6, 250, 251, 252, 253, 254, 255]);

test('images are read row by row into shared memory, gzip or not', async (t) => {
  for (const bytes of [twoImages, gzipSync(twoImages)]) {
    const images = await readIdxImages(await file(bytes), shape);
    t.is(images.count, 2);
    t.deepEqual([...images.pixels], [1, 2, 3, 4, 5, 6, 250, 251, 252, 253, 254, 255]);
    t.true(images.pixels.buffer instanceof SharedArrayBuffer);
  }
});

test('labels are read, gzip or not', async (t) => {
  const bytes = idx([3], [0, 9, 4]);
  t.deepEqual([...(await readIdxLabels(await file(bytes), 10, 3))], [0, 9, 4]);
  t.deepEqual([...(await readIdxLabels(await file(gzipSync(bytes)), 10, 3))], [0, 9, 4]);
});

const images = (name: string): Promise<unknown> => readIdxImages(name, shape);
const labels = (name: string): Promise<unknown> => readIdxLabels(name, 10, 3);

/** A gzip stream cut in its middle; its contents do not compress, so that the cut falls among them. */
const cutGzip = gzipSync(
  idx(
    [2, 2, 3],
    Array.from({ length: 12 }, (_, i) => (i * 97) % 256),
  ),
).subarray(0, 24);
/** A bomb: 64 MiB of zeros in 64 KiB behind a header that states two images of six pixels. */
const bomb = gzipSync(Buffer.concat([idx([2, 2, 3], []), Buffer.alloc(2 ** 26)]));

const wrong: readonly [what: string, bytes: Uint8Array, read: typeof images, message: RegExp][] = [
  ['an empty file', Buffer.alloc(0), images, /byte 0: expected 4 bytes of IDX header but found the end after 0$/],
  [
    'a header cut short',
    twoImages.subarray(0, 9),
    images,
    /byte 4: expected 12 bytes of IDX header but found the end after 5$/,
  ],
  [
    'a body cut short',
    twoImages.subarray(0, 20),
    images,
    /byte 16: expected 12 bytes of pixels of 2 images but found the end after 4$/,
  ],
  [
    'a body too long',
    Buffer.concat([twoImages, Buffer.of(0)]),
    images,
    /byte 28: expected the end of the file but found more bytes/,
  ],
  [
    'float elements',
    idx([2, 2, 3], [], [0, 0, 13, 3]),
    images,
    /byte 0: expected IDX magic 00000803 but found 00000d03$/,
  ],
  [
    'labels where images belong',
    idx([3], [1, 2, 3]),
    images,
    /byte 0: expected IDX magic 00000803 but found 00000801$/,
  ],
  [
    'images of another size',
    idx([2, 3, 2], Array(12).fill(0)),
    images,
    /byte 8: expected images of 2x3 but found 3x2$/,
  ],
  ['no image', idx([0, 2, 3], []), images, /byte 4: expected at least one image but found 0$/],
  [
    'a count beyond memory',
    idx([0xffff_ffff, 2, 3], []),
    images,
    /byte 4: expected at most 357913941 images .* found 4294967295$/,
  ],
  ['a gzip stream cut short', cutGzip, images, /expected a whole gzip stream but found unexpected end of file$/],
  ['a gzip bomb', bomb, images, /byte 28: expected the end of the file but found more bytes than its header states$/],
  ['fewer labels than images', idx([2], [1, 2]), labels, /byte 4: expected 3 labels, one for each image but found 2$/],
  ['a label out of range', idx([3], [1, 10, 2]), labels, /byte 9: expected a label from 0 to 9 but found 10$/],
  ['labels cut short', idx([3], [1, 2]), labels, /byte 8: expected 3 bytes of labels but found the end after 2$/],
];

for (const [what, bytes, read, message] of wrong) {
  test(`${what}: refused with file, place and expectation`, async (t) => {
    const name = await file(bytes);
    const error = await t.throwsAsync(read(name), { instanceOf: ConvoyError, code: 'CONVOY_DATA', message });
    t.true(error?.message.startsWith(`${name}: `));
  });
}

test('a missing file is named', async (t) => {
  const name = path.join(folder, 'none');
  await t.throwsAsync(images(name), {
    code: 'CONVOY_DATA',
    message: /none: expected a readable file but found ENOENT/,
  });
});
