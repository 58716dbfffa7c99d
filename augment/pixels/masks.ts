/** Masks go where their images go: the same plan, a class never mixed with another. */
import { type ImageShape, ignoredPixel } from '../../src/contracts/index.js';
import type { Step } from '../steps/index.js';
import { applySteps, type PixelSource } from './apply.js';

/** The steps of a plan that move pixels, for images of one channel. Others leave masks as they are. */
function movingSteps(steps: readonly Step[]): Step[] {
  return steps.flatMap((step): Step[] => {
    if (step.kind === 'convolve' || (step.kind === 'edit' && step.moves === undefined)) return [];
    return step.kind === 'move' ? [{ ...step, moves: step.moves.ofChannels(1) }] : [step];
  });
}

/**
 * Carries out a window's plan for the masks of its samples, by nearest neighbour. What was outside of the image becomes
 * 255, a pixel of no class.
 *
 * @param shape of the images.
 * @param source masks, [height, width] each.
 * @param window receives the masks behind each other.
 */
export async function applyToMasks(
  steps: readonly Step[],
  shape: ImageShape,
  count: number,
  source: PixelSource,
  window: Uint8Array,
): Promise<void> {
  const each = shape.height * shape.width;
  const masks = window.subarray(0, count * each);
  for (let index = 0; index < count; index++) {
    const from = source.start(index);
    masks.set(source.pixels.subarray(from, from + each), index * each);
  }
  const moving = movingSteps(steps);
  if (moving.length === 0) return;
  // Steps put zeros outside of an image: with classes counted down from 255, these are pixels of no class.
  countDown(masks);
  const own = { pixels: masks, start: (index: number) => index * each };
  await applySteps(moving, { ...shape, channels: 1 }, count, own, masks, 'nearest');
  countDown(masks);
}

function countDown(masks: Uint8Array): void {
  for (let pixel = 0; pixel < masks.length; pixel++) masks[pixel] = ignoredPixel - (masks[pixel] as number);
}
