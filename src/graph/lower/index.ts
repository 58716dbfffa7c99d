import { activationLowerings } from './activation.js';
import { convolutionLowerings } from './convolution.js';
import { denseLowerings } from './dense.js';
import { mergeLowerings } from './merge.js';
import { normalizationLowerings } from './normalization.js';
import { ownLowerings } from './own.js';
import { poolingLowerings } from './pooling.js';
import { randomLowerings } from './random.js';
import { reshapeLowerings } from './reshape.js';
import type { LoweringTable } from './scope.js';

/** How each class of layer becomes nodes; a layer of our own adds its table here. */
export const lowerings: LoweringTable = {
  ...activationLowerings,
  ...convolutionLowerings,
  ...denseLowerings,
  ...mergeLowerings,
  ...normalizationLowerings,
  ...ownLowerings,
  ...poolingLowerings,
  ...randomLowerings,
  ...reshapeLowerings,
};

export { LayerConfig } from './config.js';
export { randomLayerClasses } from './random.js';
export { type ForwardPass, type Layer, LayerScope, type Lowering, type LoweringTable } from './scope.js';
