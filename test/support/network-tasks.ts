import type { StepSpec } from '../../src/contracts/index.js';
import type { Network } from '../../src/models/index.js';

/** Height and width that a network can be built for with its usual options. */
export function usualSide({ gives, smallestInput }: Pick<Network, 'gives' | 'smallestInput'>): number {
  // Encoders of other tasks halve images up to five times.
  return gives === 'classes' ? smallestInput : 32;
}

/** Targets and loss that a network's outputs are for. */
export function taskOf({ gives }: Pick<Network, 'gives'>, classes: number): Partial<StepSpec> {
  switch (gives) {
    case 'classes':
      return { classes };
    case 'masks':
      return { classes, targets: 'masks' };
    case 'boxes':
      return { classes, targets: 'boxes', boxes: 3, loss: { name: 'detection' } };
    case 'image':
      return { classes, targets: 'pixels', loss: { name: 'meanSquaredError' } };
  }
}

/** Sizes of what a network gives for one of `side` x `side` pixels; a detector's usual levels have strides 8, 16 and 32. */
export function outputSizes(
  { gives }: Pick<Network, 'gives'>,
  side: number,
  channels: number,
  classes: number,
): number[] {
  switch (gives) {
    case 'classes':
      return [classes];
    case 'masks':
      return [side, side, classes];
    case 'boxes':
      return [[8, 16, 32].reduce((sum, stride) => sum + (side / stride) ** 2, 0), 4 + classes];
    case 'image':
      return [side, side, channels];
  }
}
