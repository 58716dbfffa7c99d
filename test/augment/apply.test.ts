import test from 'ava';
import { applySteps } from '../../augment/pixels/apply.js';
import { parseAugment } from '../../augment/spec/index.js';
import type { Step } from '../../augment/steps/index.js';
import { planWindow } from '../../augment/transforms/index.js';
import { RandomStream } from '../../src/base/random.js';

const shape = { height: 20, width: 20, channels: 3 };
const bytes = 20 * 20 * 3;
const count = 40;

function noise(images: number): Uint8Array {
  const stream = new RandomStream(2, 'test');
  return Uint8Array.from({ length: images * bytes }, () => stream.below(256));
}

async function apply(
  steps: readonly Step[],
  pixels: Uint8Array,
  start = (index: number): number => index * bytes,
): Promise<Uint8Array> {
  const window = new Uint8Array(count * bytes).fill(99);
  await applySteps(steps, shape, count, { pixels, start }, window);
  return window;
}

for (const list of [
  'flip,crop:3,rotate:20,flip,translate:0.2',
  'rotate,verticalFlip,rotate,crop:2:edge,flip',
  'brightness,flip,shear:10,hue,crop',
  'resizedCrop,flip,blur:0.5..1.5:0.5,crop,erase',
  'rotate90,centerCrop:0.8,sharpness,scale,posterize,flip',
  'randAugment:3,flip',
  'trivialAugment,crop:2:reflect,affine',
  'flip,randAugment,crop,trivialAugment',
]) {
  test(`${list}: moves that wait give the pixels of one step after the other`, async (t) => {
    const pixels = noise(count);
    const steps = planWindow(parseAugment(list), shape, 4, { seed: 1, epoch: 1, window: 0, count });
    let slowly = pixels;
    for (const step of steps) slowly = await apply([step], slowly);
    const quickly = await apply(steps, pixels);
    t.true(Buffer.from(quickly).equals(slowly));
    // In place, as for photographs that were decoded into the window.
    const window = pixels.slice();
    await applySteps(steps, shape, count, { pixels: window, start: (index) => index * bytes }, window);
    t.true(Buffer.from(window).equals(slowly));
    t.false(Buffer.from(quickly).equals(pixels));
  });
}

test('no steps are a plain copy of the samples asked for, repeated ones too', async (t) => {
  const pixels = noise(3);
  const window = await apply([], pixels, (index) => (index % 3) * bytes);
  for (let i = 0; i < count; i++) {
    t.true(
      Buffer.from(window.subarray(i * bytes, (i + 1) * bytes)).equals(
        pixels.subarray((i % 3) * bytes, ((i % 3) + 1) * bytes),
      ),
    );
  }
});
