/** Boxes as offsets from reference boxes (anchors, proposals), as torchvision's `BoxCoder`; Girshick et al. 2014, appendix C. */
import { type Boxes, boxAt, boxesLike } from './boxes.js';

/** How the four offsets are scaled: horizontal, vertical, width, height. */
export type CodingWeights = readonly [x: number, y: number, width: number, height: number];

/** Offsets of sizes are cut here, so that their exponentials stay finite: 1,000 pixels for 16, torchvision's default. */
export const largestGrowth = Math.log(1000 / 16);

/**
 * Offsets of boxes from references: of the centre, in sizes of the reference, and the logarithm of the growth, each times
 * its weight.
 *
 * @param boxes [n, 4], `xyxy`, of positive size.
 * @param references [n, 4], `xyxy`, of positive size.
 * @returns [n, 4]: horizontal, vertical, width, height.
 */
export function encodeBoxes<Kind extends Boxes>(
  boxes: Kind,
  references: Boxes,
  weights: CodingWeights = [1, 1, 1, 1],
): Kind {
  const result = boxesLike(boxes, boxes.length);
  for (let row = 0; row < boxes.length / 4; row++) {
    const box = centred(boxes, row);
    const reference = centred(references, row);
    result[row * 4] = (weights[0] * (box.x - reference.x)) / reference.width;
    result[row * 4 + 1] = (weights[1] * (box.y - reference.y)) / reference.height;
    result[row * 4 + 2] = weights[2] * Math.log(box.width / reference.width);
    result[row * 4 + 3] = weights[3] * Math.log(box.height / reference.height);
  }
  return result;
}

/**
 * Boxes from their offsets: the inverse of `encodeBoxes`, where growth is cut at a factor of 62.5.
 *
 * @param offsets [n, 4]: horizontal, vertical, width, height.
 * @param references [n, 4], `xyxy`.
 * @returns [n, 4], `xyxy`.
 */
export function decodeBoxes<Kind extends Boxes>(
  offsets: Kind,
  references: Boxes,
  weights: CodingWeights = [1, 1, 1, 1],
): Kind {
  const result = boxesLike(offsets, offsets.length);
  for (let row = 0; row < offsets.length / 4; row++) {
    const [dx, dy, dw, dh] = boxAt(offsets, row);
    const reference = centred(references, row);
    const x = (dx / weights[0]) * reference.width + reference.x;
    const y = (dy / weights[1]) * reference.height + reference.y;
    const width = Math.exp(Math.min(dw / weights[2], largestGrowth)) * reference.width;
    const height = Math.exp(Math.min(dh / weights[3], largestGrowth)) * reference.height;
    result.set([x - 0.5 * width, y - 0.5 * height, x + 0.5 * width, y + 0.5 * height], row * 4);
  }
  return result;
}

function centred(boxes: Boxes, row: number): { x: number; y: number; width: number; height: number } {
  const [left, top, right, bottom] = boxAt(boxes, row);
  const width = right - left;
  const height = bottom - top;
  return { x: left + 0.5 * width, y: top + 0.5 * height, width, height };
}
