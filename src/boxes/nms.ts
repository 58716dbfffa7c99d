/** Non-maximum suppression as torchvision's `nms` and `batched_nms`. */
import { type Boxes, boxAt } from './boxes.js';

/** Rows by falling score; of equal scores the lower row is first. */
function byScore(scores: Boxes, rows: Uint32Array): Uint32Array {
  // The sort of typed arrays is stable.
  return rows.sort((a, b) => (scores[b] as number) - (scores[a] as number));
}

/**
 * Keeps the box of the highest score, drops the boxes that overlap it by more than the threshold, and goes on with the
 * next that is left. IoU is computed in the precision of the boxes, as torchvision does.
 *
 * @param boxes [n, 4], `xyxy`.
 * @param scores [n].
 * @param threshold a box is dropped where its IoU with a kept one is above this.
 * @returns rows that are kept, by falling score; of equal scores the lower row is first.
 */
export function nonMaximumSuppression(boxes: Boxes, scores: Boxes, threshold: number): Uint32Array {
  return suppress(boxes, scores, threshold, allRows(scores.length));
}

/**
 * The same for each class by itself: boxes of different classes never drop each other.
 *
 * @param classes [n], class of each box.
 * @returns rows that are kept, by falling score over all classes; of equal scores the lower row is first.
 */
export function batchedNonMaximumSuppression(
  boxes: Boxes,
  scores: Boxes,
  classes: ArrayLike<number>,
  threshold: number,
): Uint32Array {
  const byClass = new Map<number, number[]>();
  for (let row = 0; row < scores.length; row++) {
    const rows = byClass.get(classes[row] as number);
    if (rows === undefined) byClass.set(classes[row] as number, [row]);
    else rows.push(row);
  }
  const kept = [...byClass.values()].flatMap((rows) => [...suppress(boxes, scores, threshold, Uint32Array.from(rows))]);
  return byScore(scores, Uint32Array.from(kept).sort());
}

function allRows(count: number): Uint32Array {
  return Uint32Array.from({ length: count }, (_, row) => row);
}

function suppress(boxes: Boxes, scores: Boxes, threshold: number, rows: Uint32Array): Uint32Array {
  const round = boxes instanceof Float32Array ? Math.fround : (value: number): number => value;
  const order = byScore(scores, rows);
  const areas = Float64Array.from(order, (row) => {
    const [left, top, right, bottom] = boxAt(boxes, row);
    return round(round(right - left) * round(bottom - top));
  });
  const dropped = new Uint8Array(order.length);
  for (let i = 0; i < order.length; i++) {
    if (dropped[i] === 1) continue;
    const [left, top, right, bottom] = boxAt(boxes, order[i] as number);
    for (let j = i + 1; j < order.length; j++) {
      if (dropped[j] === 1) continue;
      const at = (order[j] as number) * 4;
      const width = round(Math.min(right, boxes[at + 2] as number) - Math.max(left, boxes[at] as number));
      const height = round(Math.min(bottom, boxes[at + 3] as number) - Math.max(top, boxes[at + 1] as number));
      if (width <= 0 || height <= 0) continue;
      const shared = round(width * height);
      const all = round(round((areas[i] as number) + (areas[j] as number)) - shared);
      if (round(shared / all) > threshold) dropped[j] = 1;
    }
  }
  return order.filter((_, i) => dropped[i] === 0);
}
