/** Image files to pixels: decoding and resizing. */
export { type ChoosePart, decodeImage, defaultPixelLimit } from './decode.js';
