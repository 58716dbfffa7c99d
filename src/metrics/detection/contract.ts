/** What the scores of detectors are computed from, and the overlap of boxes as pycocotools computes it. */
import { type Boxes, boxAt } from '../../boxes/index.js';

/** The objects of an image. */
export interface ImageTruths {
  /** [n, 4], `xywh`: left, top, width, height in pixels, as in COCO's files. */
  readonly boxes: Boxes;
  /** [n], class of each object. */
  readonly classes: ArrayLike<number>;
  /** [n], square pixels, for the ranges of sizes; those of the boxes by default. COCO's files give those of the masks. */
  readonly areas?: ArrayLike<number>;
  /** [n], 1 for a region that stands for any number of objects: neither found nor missed. None by default. */
  readonly crowd?: ArrayLike<number>;
  /** [n], 1 for an object that Pascal VOC does not score. None by default. */
  readonly difficult?: ArrayLike<number>;
}

/** What a detector found in an image, in any order; of equal scores the earlier one counts as higher. */
export interface ImageDetections {
  /** [n, 4], `xywh`. */
  readonly boxes: Boxes;
  readonly classes: ArrayLike<number>;
  readonly scores: ArrayLike<number>;
  /** [n], square pixels; those of the boxes by default. Masks have their own. */
  readonly areas?: ArrayLike<number>;
}

/** An image with both. */
export interface ScoredImage {
  readonly truths: ImageTruths;
  readonly detections: ImageDetections;
}

/** Rows of one class, in their order. */
export function rowsOfClass(classes: ArrayLike<number>, wanted: number): number[] {
  const rows: number[] = [];
  for (let row = 0; row < classes.length; row++) if (classes[row] === wanted) rows.push(row);
  return rows;
}

/** Area of a box `xywh`. */
export function areaAt(boxes: Boxes, row: number): number {
  return (boxes[row * 4 + 2] as number) * (boxes[row * 4 + 3] as number);
}

/**
 * Overlap of a detection and a truth, both `xywh`: intersection over union, or over the detection's area for a crowd. The
 * order of operations is that of pycocotools' `bbIou`, so that overlaps at a threshold fall on the same side.
 */
export function boxOverlap(detections: Boxes, d: number, truths: Boxes, g: number, crowd: boolean): number {
  const [left, top, width, height] = boxAt(detections, d);
  const [truthLeft, truthTop, truthWidth, truthHeight] = boxAt(truths, g);
  const sharedWidth = Math.min(width + left, truthWidth + truthLeft) - Math.max(left, truthLeft);
  const sharedHeight = Math.min(height + top, truthHeight + truthTop) - Math.max(top, truthTop);
  if (sharedWidth <= 0 || sharedHeight <= 0) return 0;
  const shared = sharedWidth * sharedHeight;
  const area = width * height;
  return shared / (crowd ? area : area + truthWidth * truthHeight - shared);
}
