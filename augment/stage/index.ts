/** The augmentation stage: batches of transformed pixels ahead of training. */
export { dropBadImages } from './bad-images.js';
export type { AugmentStage, CountSamples } from './contract.js';
export { createGatherStage } from './gather.js';
export { Renderer } from './renderer.js';
export { createAugmentStage } from './stage.js';
export { gatherTargets, slotOf } from './targets.js';
export { renderVersions } from './versions.js';
export { windowSizes } from './windows.js';
