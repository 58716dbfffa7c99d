/** Image files to pixels: decoding and resizing. */
export { decodeImage, defaultPixelLimit, type LeadingCrop } from './decode.js';
