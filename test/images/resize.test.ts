/** Pixels beside Pillow's: `test/fixtures/augment-resize.py` made the expected ones. */
import { readFileSync } from 'node:fs';
import test from 'ava';
import { z } from 'zod';
import { canResize, type Picture, resizePicture } from '../../src/images/resize.js';

const pixels = z.string().transform((text) => new Uint8Array(Buffer.from(text, 'base64')));
const picture = z.object({ width: z.number(), height: z.number(), channels: z.literal([1, 3]) });
const fixture = z
  .array(z.object({ source: picture, target: picture, pixels, resized: pixels }))
  .parse(JSON.parse(readFileSync(new URL('../../../test/fixtures/augment-resize.json', import.meta.url), 'utf8')));

function resize(before: Uint8Array, source: Picture, target: Picture): Uint8Array {
  const resized = new Uint8Array(target.width * target.height * target.channels);
  resizePicture(before, source, target, resized);
  return resized;
}

for (const { source, target, pixels: before, resized: expected } of fixture) {
  const sizes = `${source.width}x${source.height} to ${target.width}x${target.height}`;
  test(`${sizes} of ${source.channels} channels gives Pillow's pixels`, (t) => {
    const resized = resize(before, source, target);
    t.is(resized.length, expected.length);
    const differences = Array.from(resized, (value, index) => Math.abs(value - (expected[index] ?? NaN)));
    // Weights of 14 bits (Pillow: 22) can tip a sum that lies next to a half: by one, and seldom.
    t.true(
      differences.every((difference) => difference <= 1),
      `differs by ${Math.max(...differences)}`,
    );
    t.true(differences.filter((difference) => difference > 0).length <= 0.02 * differences.length);
  });
}

test('an even area stays as it is, whatever is resized before', (t) => {
  const target = { width: 20, height: 20, channels: 3 } as const;
  for (const [width, height] of [
    [61, 47],
    [7, 9],
    [1, 1],
    [20, 20],
  ] as const) {
    for (const value of [255, 0, 137]) {
      const source = { width, height, channels: 3 } as const;
      const resized = resize(new Uint8Array(width * height * 3).fill(value), source, target);
      t.true(
        resized.every((other) => other === value),
        `${width}x${height} of ${value}`,
      );
    }
  }
});

test('pictures that would fill the memory are left to sharp', (t) => {
  const target = { width: 224, height: 224, channels: 3 } as const;
  t.true(canResize({ width: 500, height: 375 }, target));
  t.false(canResize({ width: 9_000, height: 9_000 }, target));
});
