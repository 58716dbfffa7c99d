/** Lists of transforms as people write them, checked; loads neither sharp nor threads. */
export { type AugmentSpec, augmentSchema, parseAugment, splitNormalize } from './spec.js';
