/** The augmentation stage: transforms by name, and batches of transformed pixels ahead of training. */
export { transforms, type TransformEntry, type TransformName } from './registry.js';
export { augmentSchema, splitNormalize, parseAugment, validateAugment, type AugmentSpec, type Transform } from './spec.js';
export { createAugmentStage, type AugmentStage, type AugmentStageOptions, type AugmentStats } from './stage.js';
export { createGatherStage } from './gather.js';
export { gatherTargets, slotOf } from './targets.js';
export { dropBadImages, type CheckedImages } from './bad-images.js';
export type { BadImage } from './messages.js';
export { renderGrid, type GridOptions } from './grid.js';
