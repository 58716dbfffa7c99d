/** The default boxes of SSDlite, as torchvision's `ssdlite320_mobilenet_v3_large` has them: those of the network and of its loss. */
import { defaultBoxes, type GridSize } from './anchors.js';
import type { CodingWeights } from './coding.js';
import type { PointLevel } from './points.js';

const aspectRatios = [2, 3];

/** Two squares, and each ratio and its inverse. */
export const ssdBoxesPerCell = 2 + 2 * aspectRatios.length;

/** How SSD codes boxes as offsets from default boxes: torchvision's weights. */
export const ssdCoding: CodingWeights = [10, 10, 5, 5];

/**
 * Default boxes of all cells, level by level, row by row, with sides from 0.2 to 0.95 of the image's (Liu et al. 2016, section 2.2).
 *
 * @returns [boxes, 4], `xyxy`, pixels of the image.
 */
export function ssdBoxes(image: GridSize, levels: readonly PointLevel[]): Float32Array {
  return defaultBoxes({ aspectRatios: levels.map(() => aspectRatios), least: 0.2, most: 0.95 }, levels, image);
}
