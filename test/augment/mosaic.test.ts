import test from 'ava';
import sharp from 'sharp';
import { warpMosaic } from '../../augment/pixels/mosaic.js';
import { layoutMosaic, type MosaicSpec } from '../../augment/pixels/mosaic-layout.js';
import { affineMatrix } from '../../augment/transforms/draws.js';
import { RandomStream } from '../../src/base/random.js';

const size = 32;
const bytes = size * size * 3;

function noise(count: number): Uint8Array {
  const stream = new RandomStream(5, 'test');
  return Uint8Array.from({ length: count }, () => stream.below(256));
}

function specOf(matrix: MosaicSpec['matrix'], border: 'zero' | 'edge' = 'zero'): MosaicSpec {
  return {
    matrix,
    contentWidth: size,
    contentHeight: size,
    outputWidth: size,
    outputHeight: size,
    channels: 3,
    border,
    interpolator: 'bilinear',
  };
}

async function transformAll(spec: MosaicSpec, images: Uint8Array): Promise<Uint8Array> {
  const count = images.length / bytes;
  const output = new Uint8Array(images.length).fill(77);
  await warpMosaic(
    spec,
    count,
    (tile, canvas, start, stride) => {
      for (let y = 0; y < size; y++) {
        const from = tile * bytes + y * size * 3;
        canvas.set(images.subarray(from, from + size * 3), start + y * stride);
      }
    },
    { shiftX: () => 0, shiftY: () => 0, take: (tile, pixels) => output.set(pixels, tile * bytes) },
  );
  return output;
}

/**
 * The same image alone in one call of libvips, its centre (with the sub-pixel error of the mosaic) at the centre of the
 * output, on a canvas of zeros wide enough that nothing but zeros is around it.
 */
async function transformOne(
  image: Uint8Array,
  matrix: MosaicSpec['matrix'],
  error: readonly [number, number],
): Promise<Uint8Array> {
  const [a, b, c, d] = matrix;
  const margin = 40;
  const side = size + 2 * margin;
  const framed = await sharp(image, { raw: { width: size, height: size, channels: 3 } })
    .extend({ top: margin, bottom: margin, left: margin, right: margin, background: '#000' })
    .raw()
    .toBuffer();
  const left = Math.trunc(Math.min(0, a * side, b * side, a * side + b * side) - 0.5);
  const top = Math.trunc(Math.min(0, c * side, d * side, c * side + d * side) - 0.5);
  // The centre goes to a whole place plus (side - 1) / 2's own half, less the error: odx, ody shift the output.
  const centre = (side - 1) / 2;
  const x = a * centre + b * centre - (size - 1) / 2;
  const y = c * centre + d * centre - (size - 1) / 2;
  const odx = Math.ceil(x) - x - error[0];
  const ody = Math.ceil(y) - y - error[1];
  const { data, info } = await sharp(framed, { raw: { width: side, height: side, channels: 3 } })
    .affine([a, b, c, d], { interpolator: 'bilinear', background: '#000', odx, ody })
    .raw()
    .toBuffer({ resolveWithObject: true });
  const output = new Uint8Array(bytes);
  for (let row = 0; row < size; row++) {
    const from = ((Math.ceil(y) - top + row) * info.width + Math.ceil(x) - left) * 3;
    output.set(data.subarray(from, from + size * 3), row * size * 3);
  }
  return output;
}

/** Largest difference between two images, and how many values differ by more than `tolerance`. */
function compare(one: Uint8Array, other: Uint8Array): number {
  return one.reduce((worst, value, index) => Math.max(worst, Math.abs(value - (other[index] as number))), 0);
}

for (const [title, matrix] of [
  ['turned by 15 degrees', affineMatrix(15, 1, 0, 0)],
  ['turned by -7.3 degrees', affineMatrix(-7.3, 1, 0, 0)],
  ['turned by 45 degrees', affineMatrix(45, 1, 0, 0)],
  ['shrunk to 0.8', affineMatrix(0, 0.8, 0, 0)],
  ['slanted and enlarged', affineMatrix(5, 1.2, 10, 4)],
] as const) {
  test(`images of a mosaic ${title} are those of one call of libvips each`, async (t) => {
    const count = 23;
    const images = noise(count * bytes);
    const spec = specOf(matrix);
    const output = await transformAll(spec, images);
    const { errors } = layoutMosaic(spec, count);
    for (let tile = 0; tile < count; tile++) {
      const error = [errors[2 * tile] as number, errors[2 * tile + 1] as number] as const;
      const expected = await transformOne(images.subarray(tile * bytes, (tile + 1) * bytes), matrix, error);
      const difference = compare(output.subarray(tile * bytes, (tile + 1) * bytes), expected);
      t.true(difference <= 2, `tile ${tile} differs by ${difference}`);
    }
  });
}

test('a turn by 90 degrees is exact', async (t) => {
  const image = noise(bytes);
  const output = await transformAll(specOf([0, -1, 1, 0]), image); // clockwise: (x, y) from the centre goes to (-y, x)
  const expected = new Uint8Array(bytes);
  for (let y = 0; y < size; y++) {
    for (let x = 0; x < size; x++) {
      for (let c = 0; c < 3; c++)
        expected[(y * size + x) * 3 + c] = image[((size - 1 - x) * size + y) * 3 + c] as number;
    }
  }
  t.is(compare(output, expected), 0);
});

test('no window starts more than half a pixel from where it should, a fifth as a rule', (t) => {
  const stream = new RandomStream(6, 'test');
  let squares = 0;
  let values = 0;
  for (let turn = 0; turn < 50; turn++) {
    const matrix = affineMatrix(stream.uniform() * 360, 0.5 + stream.uniform(), stream.uniform() * 40 - 20, 0);
    for (const error of layoutMosaic(specOf(matrix), 500).errors) {
      t.true(Math.abs(error) <= 0.5);
      squares += error * error;
      values++;
    }
  }
  // Best of six places: the nearest of six points spread over a unit square has a mean square distance of about
  // 1 / (6 pi) = 0.053 in the plane, 0.16 along each axis; rounding alone would give 0.29 (= 1 / sqrt 12).
  t.true(Math.sqrt(squares / values) < 0.25);
});

for (const [title, matrix, border] of [
  ['turned', affineMatrix(33, 1, 0, 0), 'zero'],
  ['shrunk', affineMatrix(10, 0.5, 0, 0), 'zero'],
  ['enlarged', [1.6, 0, 0, 2] as const, 'edge'],
] as const) {
  test(`neighbours never show in an image ${title}, not by one step`, async (t) => {
    const count = 30;
    const images = new Uint8Array(count * bytes).fill(255);
    // Black images between white ones: whatever is not black in them came from a neighbour.
    for (let tile = 1; tile < count; tile += 2) images.fill(0, tile * bytes, (tile + 1) * bytes);
    const output = await transformAll(specOf(matrix, border), images);
    for (let tile = 1; tile < count; tile += 2) {
      t.true(
        output.subarray(tile * bytes, (tile + 1) * bytes).every((value) => value === 0),
        `tile ${tile}`,
      );
    }
  });
}

test('an enlarged part shows its repeated edge, not nothing', async (t) => {
  const images = new Uint8Array(4 * bytes).fill(200);
  const output = await transformAll(specOf([1.3, 0, 0, 1.7], 'edge'), images);
  t.true(output.every((value) => value === 200));
});
