/** Axis-aligned boxes as rows of four numbers: formats, areas, clipping. */

/** Boxes, [n, 4], row by row. */
export type Boxes = Float32Array | Float64Array;

/**
 * What the four numbers of a box are, in pixels from the left upper corner of the image:
 * - `xyxy`: left, top, right, bottom. Right and bottom are not part of the box (half-open), so its width is right - left.
 * - `xywh`: left, top, width, height, as COCO stores them.
 * - `cxcywh`: centre, width, height, as YOLO stores them.
 */
export type BoxFormat = 'xyxy' | 'xywh' | 'cxcywh';

/** The box at a row. */
export function boxAt(boxes: Boxes, row: number): [number, number, number, number] {
  const at = row * 4;
  return [boxes[at] as number, boxes[at + 1] as number, boxes[at + 2] as number, boxes[at + 3] as number];
}

/** An empty array of the same precision. */
export function boxesLike<Kind extends Boxes>(boxes: Kind, length: number): Kind {
  return new (boxes.constructor as new (length: number) => Kind)(length);
}

/**
 * Boxes in another format, as torchvision's `box_convert`.
 *
 * @param boxes [n, 4] in format `from`.
 * @returns [n, 4] in format `to`, of the same precision.
 */
export function convertBoxes<Kind extends Boxes>(boxes: Kind, from: BoxFormat, to: BoxFormat): Kind {
  const result = boxes.slice() as Kind;
  if (from === to) return result;
  for (let at = 0; at < boxes.length; at += 4) {
    const [a, b, c, d] = boxAt(boxes, at / 4);
    const corners = toCorners[from](a, b, c, d);
    result.set(fromCorners[to](...corners), at);
  }
  return result;
}

type Convert = (a: number, b: number, c: number, d: number) => [number, number, number, number];

const toCorners: Readonly<Record<BoxFormat, Convert>> = {
  xyxy: (left, top, right, bottom) => [left, top, right, bottom],
  xywh: (left, top, width, height) => [left, top, left + width, top + height],
  cxcywh: (x, y, width, height) => [x - 0.5 * width, y - 0.5 * height, x + 0.5 * width, y + 0.5 * height],
};

const fromCorners: Readonly<Record<BoxFormat, Convert>> = {
  xyxy: (left, top, right, bottom) => [left, top, right, bottom],
  xywh: (left, top, right, bottom) => [left, top, right - left, bottom - top],
  cxcywh: (left, top, right, bottom) => [(left + right) / 2, (top + bottom) / 2, right - left, bottom - top],
};

/**
 * Area of each box, width times height, as torchvision's `box_area`; negative for a box whose corners are swapped.
 *
 * @param boxes [n, 4], `xyxy`.
 * @returns [n], square pixels.
 */
export function boxAreas(boxes: Boxes): Float64Array {
  return Float64Array.from({ length: boxes.length / 4 }, (_, row) => {
    const [left, top, right, bottom] = boxAt(boxes, row);
    return (right - left) * (bottom - top);
  });
}

/**
 * Boxes cut to an image, as torchvision's `clip_boxes_to_image`; one outside has no area afterwards.
 *
 * @param boxes [n, 4], `xyxy`.
 * @returns [n, 4], `xyxy`, of the same precision.
 */
export function clipBoxes<Kind extends Boxes>(
  boxes: Kind,
  { width, height }: { readonly width: number; readonly height: number },
): Kind {
  const result = boxes.slice() as Kind;
  for (let at = 0; at < boxes.length; at++) {
    result[at] = Math.min(Math.max(boxes[at] as number, 0), at % 2 === 0 ? width : height);
  }
  return result;
}

/**
 * Rows whose width and height are both at least `least`, as torchvision's `remove_small_boxes`.
 *
 * @param boxes [n, 4], `xyxy`.
 * @param least pixels.
 * @returns row indices, rising.
 */
export function largeBoxes(boxes: Boxes, least: number): Uint32Array {
  const kept: number[] = [];
  for (let row = 0; row < boxes.length / 4; row++) {
    const [left, top, right, bottom] = boxAt(boxes, row);
    if (right - left >= least && bottom - top >= least) kept.push(row);
  }
  return Uint32Array.from(kept);
}
