import type { StepSpec } from '../../src/contracts/index.js';
import type { Network } from '../../src/models/index.js';

/** Height and width that a network can be built for with its usual options. */
export function usualSide({ gives, smallestInput }: Pick<Network, 'gives' | 'smallestInput'>): number {
  // Encoders of other tasks halve images up to five times.
  return gives === 'classes' ? smallestInput : 32;
}

/** Targets and loss that a network's outputs are for. */
export function taskOf({ name, gives }: Pick<Network, 'name' | 'gives'>, classes: number): Partial<StepSpec> {
  switch (gives) {
    case 'classes':
      return { classes };
    case 'masks':
      return { classes, targets: 'masks' };
    case 'boxes':
      return { classes, targets: 'boxes', boxes: 3, loss: { name: name === 'ssdlite' ? 'multibox' : 'detection' } };
    case 'image':
      return { classes, targets: 'pixels', loss: { name: 'meanSquaredError' } };
  }
}

/**
 * Sizes of what a network gives for one of `side` x `side` pixels. A detector's usual levels have strides 8, 16 and 32; SSDlite has six
 * boxes a cell, in maps from a stride of 16 to a single cell.
 */
export function outputSizes(
  { name, gives }: Pick<Network, 'name' | 'gives'>,
  side: number,
  channels: number,
  classes: number,
): number[] {
  switch (gives) {
    case 'classes':
      return [classes];
    case 'masks':
      return [side, side, classes];
    case 'boxes': {
      const [strides, each] = name === 'ssdlite' ? [[16, 32], 6] : [[8, 16, 32], 1];
      return [each * strides.reduce((sum, stride) => sum + (side / stride) ** 2, 0), 4 + classes];
    }
    case 'image':
      return [side, side, channels];
  }
}
