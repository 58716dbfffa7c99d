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
