/**
 * Plans: which sample gets which transform with which parameters. Pure: a function of the list of transforms, the image
 * shape, the seed, the epoch, and the place in the epoch's order (window and place inside it), and of nothing else.
 */
import { RandomStream } from '../../src/base/random.js';
import type { ImageShape } from '../../src/contracts/index.js';
import type { Step } from '../steps/index.js';
import { PlanBuilder } from './plan-builder.js';
import { type TransformSettings, transformNamed } from './registry.js';

/** Which window of which epoch. */
interface WindowKey {
  readonly seed: number;
  readonly epoch: number;
  /** Index of the window: it starts at position `window * windowSize` of the epoch's order. */
  readonly window: number;
  /** Samples in it (fewer than the window size in the last one). */
  readonly count: number;
}

/** Draws the plan of one window. */
export function planWindow(
  list: readonly TransformSettings[],
  shape: ImageShape,
  bankSize: number,
  { seed, epoch, window, count }: WindowKey,
): readonly Step[] {
  const builder = new PlanBuilder(count, shape, bankSize);
  list.forEach((settings, index) => {
    const stream = new RandomStream(seed, 'augment', epoch, window, index);
    transformNamed(settings.name)?.plan(builder, settings, stream);
  });
  return builder.steps;
}
