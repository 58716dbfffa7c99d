/** Which default box of SSD learns which object. No gradient flows through the choice. */
import type { LossAlgebra } from '../algebra.js';
import { complement } from '../formulas.js';
import { intersectionOverUnion, type Sides } from './overlap.js';

/** Objects of a batch, [B,G,1]. */
export interface Objects<Value> extends Sides<Value> {
  /** 1 for an object, else 0. */
  readonly present: Value;
  readonly rows: number;
}

/**
 * torchvision's `SSDMatcher` (Liu et al. 2016, section 2.2): each default box learns the object that it overlaps most, by an IoU of
 * `least` or more, the first of equals. Each object is learned by the default box that overlaps it most, the first of equals, whatever
 * the IoU; where that box is the best of several objects, by the last of them.
 *
 * @param boxes sides of the default boxes, [1,1,P].
 * @returns 1 where a default box learns an object, [B,G,P]; each at most one.
 */
export function matching<Value>(
  math: LossAlgebra<Value>,
  objects: Objects<Value>,
  boxes: Sides<Value> & { readonly count: number },
  least: number,
): Value {
  const { rows, present } = objects;
  const { count } = boxes;
  const falling = (length: number, shape: readonly number[]): Value =>
    math.numbers(
      Array.from({ length }, (_, index) => length - index),
      shape,
    );
  /** Of the places that a mask has along an axis, the one of the greatest rank. */
  const only = (mask: Value, rank: Value, axis: number): Value => {
    const ranks = math.multiply(mask, rank);
    return math.multiply(mask, math.isZero(math.subtract(ranks, math.greatestAlong(ranks, axis))));
  };
  const first = falling(rows, [1, rows, 1]);
  const last = math.numbers(
    Array.from({ length: rows }, (_, row) => row + 1),
    [1, rows, 1],
  );
  const overlaps = math.multiply(math.constantOf(intersectionOverUnion(math, boxes, objects)), present);
  const most = (axis: number): Value => math.isZero(math.subtract(overlaps, math.greatestAlong(overlaps, axis)));
  const enough = math.multiply(complement(math, math.greater(math.negate(overlaps), -least)), present);
  const usual = math.multiply(only(most(1), first, 1), enough);
  const best = math.multiply(only(most(2), falling(count, [1, 1, count]), 2), present);
  const forced = only(best, last, 1);
  return math.add(forced, math.multiply(usual, complement(math, math.greatestAlong(best, 1))));
}

/** What anchors learn. */
export interface AnchorMatching<Value> {
  /** 1 where an anchor learns an object, [B,G,P]; each at most one. */
  readonly chosen: Value;
  /** 1 for anchors that learn that nothing is there, [B,1,P]; those of neither are left out. */
  readonly background: Value;
}

/**
 * torchvision's `Matcher` with `allow_low_quality_matches` (Ren et al. 2015, section 3.1.2): an anchor learns the object that it overlaps
 * most, the first of equals, by an IoU of `foreground` or more, or if no anchor overlaps some object more. Below `background` it learns that
 * nothing is there.
 */
export function anchorMatching<Value>(
  math: LossAlgebra<Value>,
  objects: Objects<Value>,
  boxes: Sides<Value> & { readonly count: number },
  { foreground, background }: { readonly foreground: number; readonly background: number },
): AnchorMatching<Value> {
  const { rows, present } = objects;
  const overlaps = math.multiply(math.constantOf(intersectionOverUnion(math, boxes, objects)), present);
  const greatest = math.greatestAlong(overlaps, 1);
  const most = (axis: number): Value => math.isZero(math.subtract(overlaps, math.greatestAlong(overlaps, axis)));
  const order = math.numbers(
    Array.from({ length: rows }, (_, row) => rows - row),
    [1, rows, 1],
  );
  const ranks = math.multiply(most(1), order);
  const first = math.isZero(math.subtract(ranks, math.greatestAlong(ranks, 1)));
  const best = math.greatestAlong(math.multiply(most(2), math.greater(overlaps, 0)), 1);
  const enough = complement(math, math.greater(math.negate(greatest), -foreground));
  const learns = math.maximum(enough, best);
  return {
    chosen: math.multiply(math.multiply(first, learns), present),
    background: math.multiply(math.greater(math.negate(greatest), -background), complement(math, learns)),
  };
}
