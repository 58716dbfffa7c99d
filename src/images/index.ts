/** Image files to pixels: the one decoder of training, evaluation and prediction. */
export { BadImageError } from './bad-image.js';
export { type ChoosePart, decodeImage, imageSize, OtherSizeError, pixelLimit } from './decode.js';
export { decodeBatch } from './decode-batch.js';
export { decodeImageBytes, decodeImageFile, readImageFile, unreadable, unreadableImage } from './decode-file.js';
export { resizePixels } from './resize-pixels.js';
export { readStoredImage, storedImageError, storedImageName } from './stored-image.js';
