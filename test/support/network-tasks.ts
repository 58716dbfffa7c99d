import type { StepSpec } from '../../src/contracts/index.js';
import type { Network } from '../../src/models/index.js';

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
