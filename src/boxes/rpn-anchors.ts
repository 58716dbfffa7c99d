/** The anchors of a region proposal network on a feature pyramid, as torchvision's `fasterrcnn_resnet50_fpn` has them. */
import { cellAnchors, type GridSize, gridAnchors } from './anchors.js';
import type { PointLevel } from './points.js';

const aspectRatios = [0.5, 1, 2];

/** One for each proportion. */
export const rpnAnchorsPerCell = aspectRatios.length;

/** Side of a square anchor, in strides: 32 pixels at a stride of 4, 512 at 64 (Lin et al. 2017, section 4.1). */
const side = 8;

/**
 * Anchors of all cells, level by level, row by row.
 *
 * @returns [anchors, 4], `xyxy`, pixels of the image.
 */
export function rpnAnchors(image: GridSize, levels: readonly PointLevel[]): Float32Array {
  const parts = levels.map((level) => {
    const stride: [number, number] = [Math.floor(image.height / level.height), Math.floor(image.width / level.width)];
    return gridAnchors(cellAnchors([side * level.stride], aspectRatios), level, stride);
  });
  return Float32Array.from(parts.flatMap((part) => [...part]));
}
