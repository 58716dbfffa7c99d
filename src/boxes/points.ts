/** The points of a detector without anchors: the centres of the cells of several feature maps. */
import { type GridSize, gridPoints } from './anchors.js';

/** A feature map, and how many pixels of the image lie between its cells. */
export interface PointLevel extends GridSize {
  readonly stride: number;
}

/** Feature maps of an image at strides; the last row and column of cells may reach beyond the image. */
export function levelsAt({ height, width }: GridSize, strides: readonly number[]): PointLevel[] {
  return strides.map((stride) => ({
    stride,
    height: Math.ceil(height / stride),
    width: Math.ceil(width / stride),
  }));
}

/** Cells of all levels. */
export function pointCount(levels: readonly PointLevel[]): number {
  return levels.reduce((sum, { height, width }) => sum + height * width, 0);
}

/**
 * The levels that together have `count` cells, where their strides are powers of two that follow each other: the finest level
 * has about three quarters of the cells, which tells its stride.
 *
 * @returns undefined where no such levels have that many cells.
 */
export function levelsOf(image: GridSize, count: number): PointLevel[] | undefined {
  for (let first = 1; first <= Math.max(image.height, image.width); first *= 2) {
    const strides: number[] = [];
    for (let stride = first; ; stride *= 2) {
      strides.push(stride);
      const levels = levelsAt(image, strides);
      const cells = pointCount(levels);
      if (cells === count) return levels;
      if (cells > count || stride >= 2 * Math.max(image.height, image.width)) break;
    }
  }
  return undefined;
}

/** Points of all levels, the finest first, each row by row, [n]: places in pixels of the image, and the level's stride. */
export function levelPoints(levels: readonly PointLevel[]): {
  readonly x: Float32Array;
  readonly y: Float32Array;
  readonly stride: Float32Array;
} {
  const count = pointCount(levels);
  const [x, y, strides] = [new Float32Array(count), new Float32Array(count), new Float32Array(count)];
  let at = 0;
  for (const level of levels) {
    const points = gridPoints(level, [level.stride, level.stride]);
    for (let cell = 0; cell < level.height * level.width; cell++, at++) {
      x[at] = points[2 * cell] as number;
      y[at] = points[2 * cell + 1] as number;
      strides[at] = level.stride;
    }
  }
  return { x, y, stride: strides };
}
