import test from 'ava';
import sharp, { type JpegOptions } from 'sharp';
import { RandomStream } from '../../src/base/random.js';
import { decodeBatch } from '../../src/images/decode-batch.js';
import { decodeJpegColumn } from '../../src/images/jpeg-column.js';

const size = { height: 32, width: 48, channels: 3 };
const bytes = 32 * 48 * 3;

/** A JPEG of noise: any pixel that came from a neighbouring image would show. */
function noise(place: number, options: JpegOptions = {}, width = 48): Promise<Buffer> {
  const stream = new RandomStream(1, 'test', place);
  const pixels = Buffer.from(Array.from({ length: 32 * width * 3 }, () => stream.below(256)));
  return sharp(pixels, { raw: { width, height: 32, channels: 3 } })
    .jpeg({ quality: 60, ...options })
    .toBuffer();
}

const many = (count: number, options: JpegOptions = {}): Promise<Buffer[]> =>
  Promise.all(Array.from({ length: count }, (_, place) => noise(place, options)));

/** libvips on the single image, which is what the column must equal to the bit. */
const alone = (encoded: Buffer): Promise<Buffer> => sharp(encoded).raw().toBuffer();

for (const chromaSubsampling of ['4:2:0', '4:4:4']) {
  test(`images sampled ${chromaSubsampling} decode in one column to the pixels they have alone`, async (t) => {
    const images = await many(5, { chromaSubsampling });
    const column = await decodeJpegColumn(images, size);
    if (column === undefined) return t.fail('expected a column');
    for (const [index, image] of images.entries()) {
      t.deepEqual(
        Buffer.from(column.subarray(index * bytes, (index + 1) * bytes)),
        await alone(image),
        `image ${index}`,
      );
    }
  });
}

test('what needs more than its pixels, or is of another kind, makes no column', async (t) => {
  const [first, second] = await many(2);
  if (first === undefined || second === undefined) return t.fail('expected two images');
  const table: [what: string, image: Buffer][] = [
    ['progressive', await noise(3, { progressive: true })],
    ['sampled otherwise', await noise(3, { chromaSubsampling: '4:4:4' })],
    ['turned by EXIF', await sharp(second).withMetadata({ orientation: 3 }).toBuffer()],
    ['with a colour profile', await sharp(second).withIccProfile('p3').toBuffer()],
    ['greyscale', await sharp(second).toColourspace('b-w').jpeg().toBuffer()],
    ['CMYK', await sharp(second).toColourspace('cmyk').jpeg().toBuffer()],
    ['of another size', await noise(3, {}, 32)],
    ['PNG', await sharp(second).png().toBuffer()],
    ['cut short', second.subarray(0, second.length - 40)],
    ['cut in its header', second.subarray(0, 30)],
    ['empty', Buffer.alloc(0)],
  ];
  for (const [what, image] of table) t.is(await decodeJpegColumn([first, image], size), undefined, what);
  t.truthy(await decodeJpegColumn([first, second], size));
});

test('a damaged image in a batch is told, the others are decoded', async (t) => {
  const [first, second, third] = await many(3);
  if (first === undefined || second === undefined || third === undefined) return t.fail('expected three images');
  const { pixels, bad } = await decodeBatch([first, second.subarray(0, second.length >> 1), third], size, false);
  t.deepEqual(
    bad.map(({ index }) => index),
    [1],
  );
  t.deepEqual(Buffer.from(pixels.subarray(0, bytes)), await alone(first));
  t.deepEqual(Buffer.from(pixels.subarray(2 * bytes)), await alone(third));
});
