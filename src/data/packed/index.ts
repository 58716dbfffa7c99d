/** One file of a whole dataset: pixels or encoded images, targets, names, checksums. */
export { isPacked, openPacked, type PackedFile } from './read.js';
export { type PackSource, type PackSplit, writePacked } from './write.js';
