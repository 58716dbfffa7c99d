/** Steps that transforms are made of; loads no library, so that definitions of transforms load none. */
export { MoveTable } from './moves.js';
export type { Sides } from './sides.js';
export type { AffineMatrix, BoxMove, Convolution, ImagePlace, PixelEdit, Step, Warp } from './steps.js';
