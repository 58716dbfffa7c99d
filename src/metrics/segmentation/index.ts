/** Scores of segmentations. */
export { countPixels, type PixelClasses, type SegmentationScores, segmentationScores } from './confusion.js';
