/** Overlaps of boxes in the algebra of losses, with torchvision's formulas and its epsilon. */
import type { LossAlgebra } from '../algebra.js';
import { complement } from '../formulas.js';

/** Sides of boxes, values of shapes that broadcast. */
export interface Sides<Value> {
  readonly left: Value;
  readonly top: Value;
  readonly right: Value;
  readonly bottom: Value;
}

/** Keeps quotients finite: that of torchvision's `generalized_box_iou_loss`. */
const epsilon = 1e-7;

interface Overlap<Value> {
  readonly iou: Value;
  readonly union: Value;
  /** Sides of the smallest box around both. */
  readonly hull: { readonly width: Value; readonly height: Value };
}

function size<Value>(math: LossAlgebra<Value>, { left, top, right, bottom }: Sides<Value>) {
  return { width: math.subtract(right, left), height: math.subtract(bottom, top) };
}

function overlap<Value>(math: LossAlgebra<Value>, a: Sides<Value>, b: Sides<Value>): Overlap<Value> {
  const shared = size(math, {
    left: math.maximum(a.left, b.left),
    top: math.maximum(a.top, b.top),
    right: math.minimum(a.right, b.right),
    bottom: math.minimum(a.bottom, b.bottom),
  });
  const intersection = math.multiply(math.maximum(shared.width, 0), math.maximum(shared.height, 0));
  const area = (box: Sides<Value>): Value => {
    const { width, height } = size(math, box);
    return math.multiply(width, height);
  };
  const union = math.subtract(math.add(area(a), area(b)), intersection);
  const hull = size(math, {
    left: math.minimum(a.left, b.left),
    top: math.minimum(a.top, b.top),
    right: math.maximum(a.right, b.right),
    bottom: math.maximum(a.bottom, b.bottom),
  });
  return { iou: math.divide(intersection, math.add(union, epsilon)), union, hull };
}

/** Intersection over union. */
export function intersectionOverUnion<Value>(math: LossAlgebra<Value>, a: Sides<Value>, b: Sides<Value>): Value {
  return overlap(math, a, b).iou;
}

/** 1 - generalized IoU (Rezatofighi et al. 2019). */
export function generalizedLoss<Value>(math: LossAlgebra<Value>, a: Sides<Value>, b: Sides<Value>): Value {
  const { iou, union, hull } = overlap(math, a, b);
  const around = math.multiply(hull.width, hull.height);
  const empty = math.divide(math.subtract(around, union), math.add(around, epsilon));
  return complement(math, math.subtract(iou, empty));
}

/** 1 - complete IoU (Zheng et al. 2020): IoU, distance of the centres, and difference of the proportions. */
export function completeLoss<Value>(math: LossAlgebra<Value>, a: Sides<Value>, b: Sides<Value>): Value {
  const { iou, hull } = overlap(math, a, b);
  const diagonal = math.add(math.add(math.square(hull.width), math.square(hull.height)), epsilon);
  const apart = (one: keyof Sides<Value>, other: keyof Sides<Value>): Value => {
    const doubled = math.subtract(math.add(a[one], a[other]), math.add(b[one], b[other]));
    return math.multiply(math.square(doubled), 0.25);
  };
  const distance = math.divide(math.add(apart('left', 'right'), apart('top', 'bottom')), diagonal);
  const angle = (box: Sides<Value>): Value => {
    const { width, height } = size(math, box);
    return math.arctangent(math.divide(width, math.add(height, epsilon)));
  };
  const shape = math.multiply(math.square(math.subtract(angle(b), angle(a))), 4 / Math.PI ** 2);
  const divisor = math.add(math.add(complement(math, iou), shape), epsilon);
  const factor = math.constantOf(math.divide(shape, divisor));
  return math.add(math.add(complement(math, iou), distance), math.multiply(factor, shape));
}
