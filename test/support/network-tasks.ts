import type { StepSpec } from '../../src/contracts/index.js';
import type { Network } from '../../src/models/index.js';

/** Height and width that a network can be built for with its usual options. */
export function usualSide({ gives, smallestInput }: Pick<Network, 'gives' | 'smallestInput'>): number {
  // Encoders of other tasks halve images up to five times.
  return gives === 'classes' ? smallestInput : Math.max(32, smallestInput);
}

const boxLosses: Readonly<Record<string, NonNullable<Partial<StepSpec>['loss']>>> = {
  ssdlite: { name: 'multibox', overlap: 0.5, negatives: 3 },
  rpn: { name: 'regionProposal', foreground: 0.7, background: 0.3, samples: 256, positives: 0.5 },
};

/** Targets and loss that a network's outputs are for. */
export function taskOf({ name, gives }: Pick<Network, 'name' | 'gives'>, classes: number): Partial<StepSpec> {
  switch (gives) {
    case 'classes':
      return { classes };
    case 'masks':
      return { classes, targets: 'masks' };
    case 'boxes':
      return { classes, targets: 'boxes', boxes: 3, loss: boxLosses[name] ?? { name: 'detection' } };
    case 'image':
      return { classes, targets: 'pixels', loss: { name: 'meanSquaredError' } };
  }
}

/** Strides of detectors' maps at their smallest input, and boxes a cell. */
const cells: Readonly<Record<string, [number[], number]>> = {
  ssdlite: [[16, 32], 6],
  rpn: [[4, 8, 16, 32, 64], 3],
};

/** Sizes of what a network gives for one of `side` x `side` pixels; a detector's usual levels have strides 8, 16 and 32. */
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
      const [strides, each] = cells[name] ?? [[8, 16, 32], 1];
      return [each * strides.reduce((sum, stride) => sum + Math.ceil(side / stride) ** 2, 0), 4 + classes];
    }
    case 'image':
      return [side, side, channels];
  }
}
