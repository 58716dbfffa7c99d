/** Boxes by centre and size, a column for each: what offsets of boxes are counted from. */
export type CentredColumns = Readonly<Record<'x' | 'y' | 'width' | 'height', Float32Array>>;

/**
 * Centres and sizes of boxes.
 *
 * @param corners [n, 4], `xyxy`.
 */
export function centredColumns(corners: Float32Array): CentredColumns {
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
