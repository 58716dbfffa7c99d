/** Pixels beside torchvision's: `test/fixtures/augment-torchvision.py` made the expected ones. */
import { readFileSync } from 'node:fs';
import test from 'ava';
import { z } from 'zod';
import { applySteps } from '../../augment/pixels/apply.js';
import { convolveMosaic } from '../../augment/pixels/convolve.js';
import { validateAugment } from '../../augment/spec/spec.js';
import type { Step } from '../../augment/steps/index.js';
import { affineMatrix } from '../../augment/transforms/draws.js';
import { planWindow } from '../../augment/transforms/index.js';
import { sharpening } from '../../augment/transforms/sharpness.js';

const pixels = z.string().transform((text) => new Uint8Array(Buffer.from(text, 'base64')));
const fixture = z
  .object({
    side: z.number(),
    image: pixels,
    colour: z.array(z.object({ operation: z.string(), amount: z.number(), pixels })),
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

/** The options with which a transform does to every image what torchvision's function did with this amount. */
const optionsFor: Readonly<Record<string, (amount: number) => object>> = {
  brightness: (amount) => ({ factor: [amount, amount] }),
  contrast: (amount) => ({ factor: [amount, amount] }),
  saturation: (amount) => ({ factor: [amount, amount] }),
  hue: (amount) => ({ shift: [amount, amount] }),
  posterize: (bits) => ({ bits, probability: 1 }),
  solarize: (threshold) => ({ threshold, probability: 1 }),
};

const plan = (list: readonly unknown[], count: number): readonly Step[] =>
  planWindow(validateAugment(list), shape, 2, { seed: 1, epoch: 0, window: 0, count });

for (const { operation, amount, pixels: expected } of fixture.colour) {
  test(`${operation} ${amount} gives torchvision's pixels`, async (t) => {
    const options = optionsFor[operation]?.(amount) ?? { probability: 1 };
    const output = await applied(plan([{ name: operation, ...options }], 1), 1);
    // The same arithmetic; where it is float32 a value on the edge may fall to the other side.
    const { largest, mean } = differences(output, expected);
    t.true(largest <= 1, `differs by ${largest}`);
    t.true(mean <= 0.01, `differs by ${mean} on average`);
  });
}

for (const { kind, amount, pixels: expected } of fixture.filters) {
  test(`${kind} ${amount} gives torchvision's pixels, alone and in company`, async (t) => {
    const convolution = kind === 'blur' ? ({ kind: 'gaussian', sigma: amount } as const) : sharpening(amount);
    const three = new Uint8Array(3 * image.length).fill(255);
    three.set(image, image.length);
    await convolveMosaic(convolution, shape, three, [0, image.length, 2 * image.length]);
    // torchvision rounds the smoothed image before it blends, so sharpening by 2 may be one off for each.
    const { largest } = differences(three.subarray(image.length, 2 * image.length), expected);
    t.true(largest <= 2, `differs by ${largest}`);
    t.true(
      three.subarray(0, image.length).every((value) => value === 255),
      'a neighbour was changed',
    );
  });
}

/** The fixture's image `count` times, each after the steps. */
async function applied(steps: readonly Step[], count: number): Promise<Uint8Array> {
  const output = new Uint8Array(image.length * count);
  await applySteps(steps, shape, count, { pixels: image, start: () => 0 }, output);
  return output;
}

for (const { arguments: drawn, forward, pixels: expected } of fixture.affine) {
  test(`the matrix and pixels of affine(${drawn.join(', ')}) are torchvision's`, async (t) => {
    const matrix = affineMatrix(...drawn);
    matrix.forEach((value, index) => t.true(Math.abs(value - (forward[index] ?? NaN)) < 1e-9));
    const { largest, mean } = differences(
      await applied([{ kind: 'warp', border: 'zero', warps: [{ matrix }] }], 1),
      expected,
    );
    t.true(largest <= 1, `differs by ${largest}`);
    t.true(mean <= 0.1, `differs by ${mean} on average`);
  });
}

for (const { border, dx, dy, pixels: expected } of fixture.padded) {
  test(`a crop by (${dx}, ${dy}) with ${border} padding gives torchvision's pixels`, async (t) => {
    const count = 1000; // 81 shifts are possible: each is drawn by some of a thousand samples
    const steps = plan([{ name: 'crop', padding: 4, border }], count);
    const [step] = steps;
    const shifts = step?.kind === 'edit' ? step.values : [];
    const sample = Array.from({ length: count }, (_, i) => i).find(
      (i) => shifts[2 * i] === dx && shifts[2 * i + 1] === dy,
    );
    if (sample === undefined) return t.fail('no sample with this shift');
    const output = await applied(steps, count);
    t.deepEqual(output.subarray(sample * image.length, (sample + 1) * image.length), expected);
  });
}

test("a part resized to the whole gives torchvision's pixels", async (t) => {
  const part = { width: 12, height: 9, left: 2, top: 3 };
  const warps = [{ matrix: [side / 12, 0, 0, side / 9], part }] as const;
  const { largest, mean } = differences(await applied([{ kind: 'warp', border: 'edge', warps }], 1), fixture.resized);
  t.true(largest <= 1, `differs by ${largest}`);
  // torchvision rounds to bytes behind each axis, which moves a value in a few by one.
  t.true(mean <= 0.2, `differs by ${mean} on average`);
});
