/** Pixels beside torchvision's: `test/fixtures/augment-torchvision.py` made the expected ones. */
import { readFileSync } from 'node:fs';
import test from 'ava';
import { z } from 'zod';
import { applySteps } from '../../augment/pixels/apply.js';
import { applyColour } from '../../augment/pixels/colour.js';
import { filterMosaic } from '../../augment/pixels/filters.js';
import { padShift } from '../../augment/pixels/in-place.js';
import type { FilterChoice, Step } from '../../augment/pixels/steps.js';
import { affineMatrix } from '../../augment/plan/banks.js';

const pixels = z.string().transform((text) => new Uint8Array(Buffer.from(text, 'base64')));
const fixture = z
  .object({
    side: z.number(),
    image: pixels,
    colour: z.array(
      z.object({
        operation: z.enum([
          'brightness',
          'contrast',
          'saturation',
          'hue',
          'grayscale',
          'invert',
          'posterize',
          'solarize',
          'autocontrast',
          'equalize',
        ]),
        amount: z.number(),
        pixels,
      }),
    ),
    filters: z.array(z.object({ kind: z.enum(['sharpness', 'blur']), amount: z.number(), pixels })),
    affine: z.array(
      z.object({
        arguments: z.tuple([z.number(), z.number(), z.number(), z.number()]),
        forward: z.array(z.number()),
        pixels,
      }),
    ),
    padded: z.array(z.object({ border: z.enum(['edge', 'reflect']), dx: z.number(), dy: z.number(), pixels })),
    resized: pixels,
  })
  .parse(JSON.parse(readFileSync(new URL('../../../test/fixtures/augment-torchvision.json', import.meta.url), 'utf8')));

const { side, image } = fixture;
const shape = { height: side, width: side, channels: 3 };

function differences(one: Uint8Array, other: Uint8Array): { largest: number; mean: number } {
  const all = Array.from(one, (value, index) => Math.abs(value - (other[index] ?? NaN)));
  return { largest: Math.max(...all), mean: all.reduce((sum, value) => sum + value, 0) / all.length };
}

for (const { operation, amount, pixels: expected } of fixture.colour) {
  test(`${operation} ${amount} gives torchvision's pixels`, (t) => {
    const output = image.slice();
    applyColour(operation, amount, output, 0, output.length, 3);
    // The same arithmetic; where it is float32 a value on the edge may fall to the other side.
    const { largest, mean } = differences(output, expected);
    t.true(largest <= 1, `differs by ${largest}`);
    t.true(mean <= 0.01, `differs by ${mean} on average`);
  });
}

for (const { kind, amount, pixels: expected } of fixture.filters) {
  test(`${kind} ${amount} gives torchvision's pixels, alone and in company`, async (t) => {
    const filter: FilterChoice = kind === 'blur' ? { kind, sigma: amount } : { kind, factor: amount };
    const three = new Uint8Array(3 * image.length).fill(255);
    three.set(image, image.length);
    await filterMosaic(filter, shape, three, [0, image.length, 2 * image.length]);
    // torchvision rounds the smoothed image before it blends, so sharpening by 2 may be one off for each.
    const { largest } = differences(three.subarray(image.length, 2 * image.length), expected);
    t.true(largest <= 2, `differs by ${largest}`);
    t.true(
      three.subarray(0, image.length).every((value) => value === 255),
      'a neighbour was changed',
    );
  });
}

/** What a shift by half a pixel along both axes (the most a mosaic makes) changes on average, at most. */
function halfPixel(image: Uint8Array): number {
  const slope = (step: number): number =>
    differences(image.subarray(step), image.subarray(0, image.length - step)).mean;
  return 0.5 * (slope(3) + slope(side * 3));
}

async function transformed(step: Step): Promise<Uint8Array> {
  const output = new Uint8Array(image.length);
  await applySteps([step], shape, 1, { pixels: image, start: () => 0 }, output);
  return output;
}

for (const { arguments: drawn, forward, pixels: expected } of fixture.affine) {
  test(`the matrix and pixels of affine(${drawn.join(', ')}) are torchvision's`, async (t) => {
    const matrix = affineMatrix(...drawn);
    matrix.forEach((value, index) => t.true(Math.abs(value - (forward[index] ?? NaN)) < 1e-9));
    const output = await transformed({
      kind: 'transform',
      border: 'zero',
      bank: [{ matrix }],
      choices: new Int16Array(1),
    });
    t.true(
      differences(output, expected).mean < halfPixel(expected),
      `differs by ${differences(output, expected).mean} on average`,
    );
  });
}

for (const { border, dx, dy, pixels: expected } of fixture.padded) {
  test(`a crop by (${dx}, ${dy}) with ${border} padding gives torchvision's pixels`, (t) => {
    const output = image.slice();
    padShift(output, 0, shape, border, dx, dy, new Uint8Array(output.length));
    t.deepEqual(output, expected);
  });
}

test("a part resized to the whole gives torchvision's pixels but for the half pixel of a mosaic", async (t) => {
  const output = await transformed({
    kind: 'transform',
    border: 'edge',
    bank: [{ matrix: [side / 12, 0, 0, side / 9], width: 12, height: 9 }],
    choices: new Int16Array(1),
    origins: Int16Array.of(2, 3),
  });
  t.true(
    differences(output, fixture.resized).mean < halfPixel(fixture.resized),
    `differs by ${differences(output, fixture.resized).mean} on average`,
  );
});
