/** Which points of a detector learn which object. No gradient flows through the choice. */
import type { LossAlgebra } from '../algebra.js';
import { complement, epsilon } from '../formulas.js';
import { intersectionOverUnion, type Sides } from './overlap.js';

/** A batch as an assignment sees it: objects [B,G,1], points [1,1,P], predictions [B,1,P]. */
export interface Scene<Value> {
  readonly objects: Sides<Value> & {
    /** 1 for an object, else 0. */
    readonly present: Value;
    /** Index of the class. */
    readonly label: Value;
    /** G - g at row g, [1,G,1]: the first of equals is taken. */
    readonly order: Value;
  };
  readonly points: { readonly x: Value; readonly y: Value; readonly stride: Value; readonly count: number };
  readonly predicted: Sides<Value>;
  /** Probabilities of the classes, [B,P,C]. */
  readonly scores: Value;
  /** Class indices from 0, [1,1,C]. */
  readonly classes: Value;
}

/** What an assignment says. */
export interface Assignment<Value> {
  /** 1 where a point learns an object, [B,G,P]; each point at most one. */
  readonly chosen: Value;
  /** How well a point's box should be rated, 0 to 1, [B,1,P]; undefined where that is its overlap with the object. */
  readonly quality?: Value;
}

/** More pixels than an image has along a side: what FCOS takes for infinite. */
const infinite = 1e8;

/** Distances from points to the sides of objects, [B,G,P]; the least is positive for a point inside. */
function distances<Value>(math: LossAlgebra<Value>, { objects, points }: Scene<Value>) {
  const left = math.subtract(points.x, objects.left);
  const top = math.subtract(points.y, objects.top);
  const right = math.subtract(objects.right, points.x);
  const bottom = math.subtract(objects.bottom, points.y);
  return {
    least: math.minimum(math.minimum(left, right), math.minimum(top, bottom)),
    most: math.maximum(math.maximum(left, right), math.maximum(top, bottom)),
  };
}

/** 1 for points inside of boxes, [B,G,P]. */
export function inside<Value>(math: LossAlgebra<Value>, scene: Scene<Value>): Value {
  return math.greater(distances(math, scene).least, 0);
}

/** Of the objects that a point may learn (`allowed`, 0 or 1), the one that ranks highest, the first of equals. */
function best<Value>(math: LossAlgebra<Value>, { objects }: Scene<Value>, allowed: Value, rank: Value): Value {
  const ranks = math.multiply(allowed, rank);
  const highest = math.multiply(math.isZero(math.subtract(ranks, math.greatestAlong(ranks, 1))), allowed);
  const first = math.multiply(highest, objects.order);
  return math.multiply(math.isZero(math.subtract(first, math.greatestAlong(first, 1))), highest);
}

/**
 * FCOS (Tian et al. 2019) with centre sampling: a point learns an object in which it lies, whose centre is at most `radius`
 * strides away along either axis, and whose farthest side is as far as its level is for; of several the smallest.
 *
 * @param reach farthest side that a level is for, in strides; nearer ones are for the level before. The last level has no limit.
 * @param levels strides, the finest first.
 */
export function centreAssignment<Value>(
  math: LossAlgebra<Value>,
  scene: Scene<Value>,
  { radius, reach, levels }: { readonly radius: number; readonly reach: number; readonly levels: readonly number[] },
): Assignment<Value> {
  const { objects, points } = scene;
  const { least, most } = distances(math, scene);
  const within = math.multiply(math.greater(least, 0), objects.present);
  const fromCentre = (point: Value, low: Value, high: Value): Value =>
    math.absolute(math.subtract(point, math.multiply(math.add(low, high), 0.5)));
  const far = math.maximum(
    fromCentre(points.x, objects.left, objects.right),
    fromCentre(points.y, objects.top, objects.bottom),
  );
  const near = math.greater(math.multiply(points.stride, radius), far);
  const [finest = 1] = levels;
  const coarsest = levels.at(-1) ?? finest;
  // Sides from reach s / 2 to reach s are for the level of stride s.
  const first = math.isZero(math.subtract(points.stride, math.numbers([finest], [1, 1, 1])));
  const last = math.isZero(math.subtract(points.stride, math.numbers([coarsest], [1, 1, 1])));
  const low = math.multiply(math.multiply(points.stride, reach / 2), complement(math, first));
  const high = math.add(math.multiply(points.stride, reach), math.multiply(last, infinite));
  const fits = math.multiply(complement(math, math.greater(low, most)), complement(math, math.greater(most, high)));
  const allowed = math.multiply(math.multiply(within, near), fits);
  const area = math.multiply(math.subtract(objects.right, objects.left), math.subtract(objects.bottom, objects.top));
  const rank = math.divide(math.numbers([1], [1, 1, 1]), math.add(area, epsilon));
  return { chosen: best(math, scene, allowed, rank) };
}

/**
 * Task-aligned (Feng et al. 2021, TOOD; YOLOv8): of the points inside an object those `most` learn it whose score^alpha IoU^beta
 * is highest; a point that several objects want learns the one that its box overlaps most. The best point of an object is to be
 * rated by the highest IoU that a point has with it, the others by their share of the best one's alignment.
 */
export function alignedAssignment<Value>(
  math: LossAlgebra<Value>,
  scene: Scene<Value>,
  { most, alpha, beta }: { readonly most: number; readonly alpha: number; readonly beta: number },
): Assignment<Value> {
  const { objects, points, predicted, scores, classes } = scene;
  const within = math.multiply(inside(math, scene), objects.present);
  const ious = math.constantOf(math.maximum(intersectionOverUnion(math, predicted, objects), epsilon));
  const own = math.isZero(math.subtract(objects.label, classes));
  const ofClass = math.maximum(math.rowProducts(own, scores), epsilon);
  const alignment = math.multiply(math.multiply(math.power(ofClass, alpha), math.power(ious, beta)), within);
  const least = math.ranked(alignment, Math.min(most, points.count));
  const wanted = math.multiply(complement(math, math.greater(least, alignment)), within);
  const chosen = best(math, scene, wanted, ious);
  const taken = math.multiply(alignment, chosen);
  const strongest = math.greatestAlong(taken, 2);
  const closest = math.greatestAlong(math.multiply(ious, chosen), 2);
  const share = math.divide(taken, math.add(strongest, math.isZero(strongest)));
  return { chosen, quality: math.constantOf(math.sumAlong(math.multiply(share, closest), 1)) };
}
