/** What transforms do to pixels, image by image or many in one mosaic. */
export { applySteps, type Source, tilesPerMosaic } from './apply.js';
export type { ColourOperation } from './colour.js';
export { runLimited } from './limit.js';
export type { Matrix } from './mosaic.js';
export { MoveTable } from './moves.js';
export type { FilterChoice, Step, TransformChoice } from './steps.js';
