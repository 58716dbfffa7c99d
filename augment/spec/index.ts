/** Transforms by name: their options, checked; loads neither sharp nor threads. */
export { transforms } from './registry.js';
export { type AugmentSpec, augmentSchema, parseAugment, type Range, splitNormalize, type Transform } from './spec.js';
