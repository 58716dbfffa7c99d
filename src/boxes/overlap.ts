/**
 * How much two boxes overlap: IoU and the two measures that losses of boxes are made of. All boxes are `xyxy`.
 * As torchvision's `box_iou`, `generalized_box_iou` and `complete_box_iou`.
 */
import { type Boxes, boxAt } from './boxes.js';

/** Keeps the denominators of complete IoU from 0: torchvision's default. */
const epsilon = 1e-7;

interface Overlap {
  readonly intersection: number;
  readonly union: number;
  /** Width and height of the smallest box around both. */
  readonly hull: readonly [width: number, height: number];
}

function overlap(a: Boxes, i: number, b: Boxes, j: number): Overlap {
  const [left, top, right, bottom] = boxAt(a, i);
  const [otherLeft, otherTop, otherRight, otherBottom] = boxAt(b, j);
  const width = Math.max(0, Math.min(right, otherRight) - Math.max(left, otherLeft));
  const height = Math.max(0, Math.min(bottom, otherBottom) - Math.max(top, otherTop));
  const intersection = width * height;
  const union = (right - left) * (bottom - top) + (otherRight - otherLeft) * (otherBottom - otherTop) - intersection;
  const hull = [
    Math.max(right, otherRight) - Math.min(left, otherLeft),
    Math.max(bottom, otherBottom) - Math.min(top, otherTop),
  ] as const;
  return { intersection, union, hull };
}

/** A measure of one pair: box `i` of `a` and box `j` of `b`. */
export type PairMeasure = (a: Boxes, i: number, b: Boxes, j: number) => number;

/** Intersection over union of a pair: 0 to 1; NaN where neither box has an area. */
export const pairIou: PairMeasure = (a, i, b, j) => {
  const { intersection, union } = overlap(a, i, b, j);
  return intersection / union;
};

/**
 * Generalized IoU of a pair: IoU less the share of the hull that is in neither box; -1 to 1.
 * Rezatofighi et al. 2019, arXiv 1902.09630.
 */
export const pairGeneralizedIou: PairMeasure = (a, i, b, j) => {
  const { intersection, union, hull } = overlap(a, i, b, j);
  const around = hull[0] * hull[1];
  return intersection / union - (around - union) / around;
};

/**
 * Complete IoU of a pair: IoU less the distance of the centres in diagonals of the hull, squared, less a term for unlike
 * proportions. Zheng et al. 2020, arXiv 1911.08287.
 */
export const pairCompleteIou: PairMeasure = (a, i, b, j) => {
  const { intersection, union, hull } = overlap(a, i, b, j);
  const [left, top, right, bottom] = boxAt(a, i);
  const [otherLeft, otherTop, otherRight, otherBottom] = boxAt(b, j);
  const iou = intersection / union;
  const x = (left + right) / 2 - (otherLeft + otherRight) / 2;
  const y = (top + bottom) / 2 - (otherTop + otherBottom) / 2;
  const distance = (x ** 2 + y ** 2) / (hull[0] ** 2 + hull[1] ** 2 + epsilon);
  const angle =
    Math.atan((right - left) / (bottom - top)) - Math.atan((otherRight - otherLeft) / (otherBottom - otherTop));
  const unlike = (4 / Math.PI ** 2) * angle ** 2;
  return iou - distance - (unlike / (1 - iou + unlike + epsilon)) * unlike;
};

/** A measure of every pair, [n, m]. */
function everyPair(measure: PairMeasure, a: Boxes, b: Boxes): Float64Array {
  const columns = b.length / 4;
  const result = new Float64Array((a.length / 4) * columns);
  for (let at = 0; at < result.length; at++) {
    result[at] = measure(a, Math.floor(at / columns), b, at % columns);
  }
  return result;
}

/** `pairIou` of every box of `a` [n, 4] with every box of `b` [m, 4]: [n, m]. */
export const boxIou = (a: Boxes, b: Boxes): Float64Array => everyPair(pairIou, a, b);

/** `pairGeneralizedIou` of every box of `a` [n, 4] with every box of `b` [m, 4]: [n, m]. */
export const generalizedBoxIou = (a: Boxes, b: Boxes): Float64Array => everyPair(pairGeneralizedIou, a, b);

/** `pairCompleteIou` of every box of `a` [n, 4] with every box of `b` [m, 4]: [n, m]. */
export const completeBoxIou = (a: Boxes, b: Boxes): Float64Array => everyPair(pairCompleteIou, a, b);
