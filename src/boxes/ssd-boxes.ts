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
 * @returns centres and sizes, [boxes] each, pixels of the image.
 */
export function ssdBoxes(
  image: GridSize,
  levels: readonly PointLevel[],
): Readonly<Record<'x' | 'y' | 'width' | 'height', Float32Array>> {
  const options = { aspectRatios: levels.map(() => aspectRatios), least: 0.2, most: 0.95 };
  const corners = defaultBoxes(options, levels, image);
  const column = (of: (left: number, top: number, right: number, bottom: number) => number): Float32Array =>
    Float32Array.from({ length: corners.length / 4 }, (_, row) => {
      const [left = 0, top = 0, right = 0, bottom = 0] = corners.subarray(4 * row, 4 * row + 4);
      return of(left, top, right, bottom);
    });
  return {
    x: column((left, _top, right) => (left + right) / 2),
    y: column((_left, top, _right, bottom) => (top + bottom) / 2),
    width: column((left, _top, right) => right - left),
    height: column((_left, top, _right, bottom) => bottom - top),
  };
}
