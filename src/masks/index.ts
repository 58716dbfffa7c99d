/** Masks of objects: COCO's run-length encodings and polygons, connected components, Pascal VOC's colours. */
export { vocColours } from './colours.js';
export { type Components, connectedComponents } from './components.js';
export { overlayMask } from './overlay.js';
export { checkPolygon, polygonRle, polygonsRle } from './polygons.js';
export { resizeMask } from './resize.js';
export { decodeRle, encodeMask, type Mask, mergeRles, paintRle, type Rle, rleArea, rleBox, rleIou } from './rle.js';
export { rleFromCounts, rleFromText, rleToText } from './rle-text.js';
