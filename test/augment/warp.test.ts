import test from 'ava';
import { canvasBytes, clearCanvas, type WarpSpec, warp } from '../../augment/pixels/warp.js';
import { affineMatrix } from '../../augment/transforms/draws.js';
import { RandomStream } from '../../src/base/random.js';

function noise(count: number): Uint8Array {
  const stream = new RandomStream(5, 'test');
  return Uint8Array.from({ length: count }, () => stream.below(256));
}

function specOf(given: Partial<WarpSpec> & Pick<WarpSpec, 'matrix'>): WarpSpec {
  const { width = 32, height = 24 } = given;
  return { contentWidth: width, contentHeight: height, width, height, channels: 3, ...places, ...given };
}
const places = { border: 'zero', interpolator: 'bilinear' } as const;

/** The image transformed, in memory that held other bytes before. */
function transformed(image: Uint8Array, spec: WarpSpec, [right, down]: readonly [number, number] = [0, 0]): Uint8Array {
  const { contentWidth, contentHeight, width, height, channels } = spec;
  const memory = new Uint8Array(canvasBytes(contentWidth, contentHeight, channels)).fill(77);
  const canvas = clearCanvas(memory, spec);
  const row = contentWidth * channels;
  for (let y = 0; y < contentHeight; y++)
    memory.set(image.subarray(y * row, (y + 1) * row), canvas.start + y * canvas.stride);
  const output = new Uint8Array(width * height * channels + 2).fill(99);
  warp(canvas, spec, right, down, output, 1);
  if (output[0] !== 99 || output.at(-1) !== 99) throw new Error('wrote outside of the image');
  return output.subarray(1, -1);
}

/** The definition, in float64: each pixel is the mean of the four around the place that it comes from. */
function defined(image: Uint8Array, spec: WarpSpec, [right, down]: readonly [number, number] = [0, 0]): Float64Array {
  const { contentWidth: wide, contentHeight: high, width, height, channels, border } = spec;
  const [a, b, c, d] = spec.matrix;
  const determinant = a * d - b * c;
  const at = (x: number, y: number, channel: number): number => {
    if (border === 'zero' && (x < 0 || y < 0 || x >= wide || y >= high)) return 0;
    const [u, v] = [Math.max(0, Math.min(wide - 1, x)), Math.max(0, Math.min(high - 1, y))];
    return image[(v * wide + u) * channels + channel] as number;
  };
  return Float64Array.from({ length: width * height * channels }, (_, index) => {
    const channel = index % channels;
    const pixel = (index - channel) / channels;
    const x = (pixel % width) - right - (width - 1) / 2;
    const y = Math.floor(pixel / width) - down - (height - 1) / 2;
    const u = (d * x - b * y) / determinant + (wide - 1) / 2;
    const v = (a * y - c * x) / determinant + (high - 1) / 2;
    const [left, top] = [Math.floor(u), Math.floor(v)];
    let value = 0;
    for (const dy of [0, 1])
      for (const dx of [0, 1])
        value += at(left + dx, top + dy, channel) * (dx ? u - left : left + 1 - u) * (dy ? v - top : top + 1 - v);
    return value;
  });
}

for (const [title, given] of [
  ['turned by 15 degrees', { matrix: affineMatrix(15, 1, 0, 0) }],
  ['turned by -7.3 degrees, grey', { matrix: affineMatrix(-7.3, 1, 0, 0), channels: 1 }],
  ['turned by 45 degrees, four channels', { matrix: affineMatrix(45, 1, 0, 0), channels: 4 }],
  ['upside down', { matrix: affineMatrix(180, 1, 0, 0) }],
  ['shrunk to 0.3', { matrix: affineMatrix(0, 0.3, 0, 0) }],
  ['slanted and enlarged', { matrix: affineMatrix(5, 1.2, 10, 4), width: 33, height: 33 }],
  ['ten times as large', { matrix: affineMatrix(0, 10, 0, 0) }],
  ['of one pixel', { matrix: affineMatrix(30, 1, 0, 0), width: 1, height: 1 }],
  ['of one row', { matrix: affineMatrix(3, 1, 0, 0), width: 40, height: 1 }],
  ['of 640x480', { matrix: affineMatrix(-33, 0.9, 5, 0), width: 640, height: 480 }],
] as const) {
  test(`an image ${title} is what interpolation in float64 gives`, (t) => {
    const spec = specOf(given);
    const image = noise(spec.width * spec.height * spec.channels);
    for (const shift of [
      [0, 0],
      [5, -3],
    ] as const) {
      const expected = defined(image, spec, shift);
      // A weight has 11 bits, so a value may be 255 / 2048 off along each axis, and half for rounding; places have 16 bits
      // and are summed along a row of 640.
      const bound = 0.5 + (2 * 255) / 2048 + (2 * 255 * spec.width) / 2 ** 17;
      transformed(image, spec, shift).forEach((value, index) => {
        const gap = Math.abs(value - (expected[index] as number));
        if (!(gap <= bound)) t.fail(`byte ${index}: ${value}, ${expected[index]}`);
      });
    }
    t.pass();
  });
}

test('turns by right angles move pixels and change none', (t) => {
  const spec = specOf({ matrix: [0, -1, 1, 0], width: 32, height: 32 }); // clockwise: (x, y) goes to (-y, x)
  const image = noise(32 * 32 * 3);
  const expected = Uint8Array.from(image, (_, index) => {
    const [channel, x, y] = [index % 3, Math.floor(index / 3) % 32, Math.floor(index / 96)];
    return image[((31 - x) * 32 + y) * 3 + channel] as number;
  });
  t.deepEqual(transformed(image, spec), expected);
  t.deepEqual(transformed(image, specOf({ matrix: [1, 0, 0, 1] })), image.subarray(0, 32 * 24 * 3));
});

test('an enlarged part shows its repeated edge, not nothing', (t) => {
  const spec = specOf({ matrix: [2, 0, 0, 3], contentWidth: 16, contentHeight: 8, border: 'edge' });
  const image = noise(16 * 8 * 3);
  const expected = defined(image, spec);
  transformed(image, spec).forEach((value, index) => {
    if (Math.abs(value - (expected[index] as number)) > 0.75) t.fail(`byte ${index}: ${value}, ${expected[index]}`);
  });
  t.true(transformed(new Uint8Array(image.length).fill(200), spec).every((value) => value === 200));
});

test('the nearest pixel is taken as it is', (t) => {
  for (const matrix of [affineMatrix(20, 1, 0, 0), affineMatrix(0, 0.7, 12, 0)]) {
    const spec = specOf({ matrix, channels: 1, interpolator: 'nearest' });
    const image = noise(spec.width * spec.height);
    const [a, b, c, d] = matrix;
    const determinant = a * d - b * c;
    const output = transformed(image, spec, [2, 1]);
    let seen = 0;
    output.forEach((value, index) => {
      const [x, y] = [(index % spec.width) - 2 - 15.5, Math.floor(index / spec.width) - 1 - 11.5];
      const [u, v] = [(d * x - b * y) / determinant + 15.5, (a * y - c * x) / determinant + 11.5];
      const near = (place: number): boolean => Math.abs(place - Math.floor(place) - 0.5) < 1e-3;
      if (near(u) || near(v)) return; // both neighbours are as near
      const [column, row] = [Math.round(u), Math.round(v)];
      const inside = column >= 0 && row >= 0 && column < spec.width && row < spec.height;
      if (inside) seen += 1;
      if (value !== (inside ? image[row * spec.width + column] : 0)) t.fail(`pixel ${index}: ${value}`);
    });
    t.true(seen > output.length / 3);
  }
});
