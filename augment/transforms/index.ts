/** Transforms of images, a file each; loads neither sharp nor threads. */
export type { ImageTransform } from './define.js';
export type { Interval } from './parameters.js';
export { planWindow } from './plan.js';
export { type TransformSettings, transformNamed, transforms } from './registry.js';
