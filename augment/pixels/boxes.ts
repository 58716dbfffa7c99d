/** Boxes go where their images go: the same plan. */
import { boxLength, boxRow, boxStays, type ImageShape } from '../../src/contracts/index.js';
import type { Sides, Step, Warp } from '../steps/index.js';

/** A box under way. */
interface MovingBox {
  /** What can be seen of it. */
  shown: Sides;
  /** All of it, as if nothing had been cut away. */
  whole: Sides;
}

/**
 * Carries out a window's plan for the boxes of its samples, which change in place. A box becomes the smallest upright box around
 * its moved corners, cut to what the image shows of the old one. An object goes where less than a quarter of its box is left, or
 * less than a pixel of its width or height; a region to ignore only for the latter.
 *
 * @param boxes [count, capacity, 6] behind each other; the rows of each sample that are left come first.
 */
export function applyToBoxes(steps: readonly Step[], shape: ImageShape, count: number, boxes: Float32Array): void {
  const each = boxes.length / count;
  for (let index = 0; index < count; index++) {
    const own = boxes.subarray(index * each, (index + 1) * each);
    const kept: number[] = [];
    for (let at = 0; at < each; at += boxLength) {
      const [left = 0, top = 0, right = 0, bottom = 0, label = 0, kind = 0] = own.subarray(at, at + boxLength);
      if (kind === boxRow.empty) continue;
      const moved = follow(steps, shape, index, [left, top, right, bottom]);
      if (moved !== undefined && staysIn(moved, kind)) kept.push(...moved.shown, label, kind);
    }
    own.fill(0);
    own.set(kept);
  }
}

function staysIn({ shown, whole }: MovingBox, kind: number): boolean {
  const size = { width: shown[2] - shown[0], height: shown[3] - shown[1] };
  return boxStays(size, (whole[2] - whole[0]) * (whole[3] - whole[1]), kind === boxRow.ignored);
}

/** A box after all steps; undefined where nothing of it is left. */
function follow(steps: readonly Step[], shape: ImageShape, index: number, box: Sides): MovingBox | undefined {
  const moving: MovingBox = { shown: box, whole: box };
  for (const step of steps) {
    const { move, visible } = movement(step, shape, index);
    if (move === undefined) continue;
    moving.whole = move(moving.whole);
    moving.shown = cut(move(moving.shown), visible);
    if (moving.shown[2] <= moving.shown[0] || moving.shown[3] <= moving.shown[1]) return undefined;
  }
  return moving;
}

function cut([left, top, right, bottom]: Sides, [minX, minY, maxX, maxY]: Sides): Sides {
  return [Math.max(left, minX), Math.max(top, minY), Math.min(right, maxX), Math.min(bottom, maxY)];
}

/** How a step moves boxes of a sample, undefined where it leaves them; and the part of the image that shows anything. */
function movement(
  step: Step,
  shape: ImageShape,
  index: number,
): { readonly move?: (box: Sides) => Sides; readonly visible: Sides } {
  const { width, height } = shape;
  const visible: Sides = [0, 0, width, height];
  switch (step.kind) {
    case 'convolve':
      return { visible };
    case 'move':
      return { move: (box) => step.moves.box(index, box), visible: step.moves.visible(index) };
    case 'edit': {
      const { moves, values, valuesPerSample } = step;
      if (moves === undefined || step.edits[index] === undefined) return { visible };
      const own = values.subarray(index * valuesPerSample, (index + 1) * valuesPerSample);
      return { move: (box) => moves(box, own, shape), visible };
    }
    case 'warp': {
      const warp = step.warps[index];
      return warp === undefined ? { visible } : { move: (box) => warped(box, warp, shape), visible };
    }
  }
}

/** The smallest upright box around the corners of a box, transformed about the centre of its part of the image. */
function warped(
  box: Sides,
  { matrix: [a, b, c, d], part, shift: [right, down] = [0, 0] }: Warp,
  { width, height }: ImageShape,
): Sides {
  const centreX = (part?.left ?? 0) + (part?.width ?? width) / 2;
  const centreY = (part?.top ?? 0) + (part?.height ?? height) / 2;
  const corners = [box[0], box[2]].flatMap((x) =>
    [box[1], box[3]].map((y) => {
      const [u, v] = [x - centreX, y - centreY];
      return { x: a * u + b * v + width / 2 + right, y: c * u + d * v + height / 2 + down };
    }),
  );
  const xs = corners.map(({ x }) => x);
  const ys = corners.map(({ y }) => y);
  return [Math.min(...xs), Math.min(...ys), Math.max(...xs), Math.max(...ys)];
}
