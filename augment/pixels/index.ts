/** Carries out steps, image by image or many in one mosaic. */
export { applySteps, type PixelSource, tilesPerMosaic } from './apply.js';
export { applyToBoxes } from './boxes.js';
export { runLimited } from './limit.js';
export { applyToMasks } from './masks.js';
