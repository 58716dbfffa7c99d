/** Boxes as offsets from reference boxes, in the algebra of losses. */
import { type CodingWeights, centredColumns } from '../../boxes/index.js';
import type { BoxInputs, LossAlgebra } from '../algebra.js';
import { complement } from '../formulas.js';
import type { Sides } from './overlap.js';

/** Boxes by centre and size, values of shapes that broadcast. */
type Centred<Value> = Readonly<Record<'x' | 'y' | 'width' | 'height', Value>>;

/** What images show and a network says, against reference boxes: default boxes or anchors. */
export interface CodedScene<Value> {
  /** [B,G,1]; `present` is 1 for an object, else 0. */
  readonly objects: Sides<Value> & { readonly present: Value; readonly label: Value; readonly rows: number };
  /** Reference boxes, [1,1,P]. */
  readonly sides: Sides<Value> & { readonly count: number };
  readonly references: Centred<Value>;
  readonly predicted: Centred<Value>;
  /** 1 for reference boxes whose centres lie in a region to ignore, [B,1,P]. */
  readonly ignored: Value;
  /** Class indices, [1,1,C]. */
  readonly classes: Value;
}

/** Pixels: sizes below have no logarithm. */
const leastSide = 1e-4;

function centred<Value>(math: LossAlgebra<Value>, { left, top, right, bottom }: Sides<Value>): Centred<Value> {
  return {
    x: math.multiply(math.add(left, right), 0.5),
    y: math.multiply(math.add(top, bottom), 0.5),
    width: math.maximum(math.subtract(right, left), leastSide),
    height: math.maximum(math.subtract(bottom, top), leastSide),
  };
}

/** The numbers 0, 1, 2, ... */
function range(length: number): number[] {
  return Array.from({ length }, (_, index) => index);
}

/** @param corners reference boxes, [P,4], as left, top, right, bottom. */
export function codedScene<Value>(
  math: LossAlgebra<Value>,
  { outputs, points: count, classes, targets, rows }: BoxInputs<Value>,
  corners: Float32Array,
): CodedScene<Value> {
  const row = (values: ArrayLike<number>): Value => math.numbers(values, [1, 1, count]);
  const side = (place: number): Value => row(range(count).map((index) => corners[4 * index + place] as number));
  const target = (place: number): Value => math.part(targets, place, 1);
  const is = (kind: number): Value => math.isZero(math.add(target(5), -kind));
  const predicted = (place: number): Value => math.shaped(math.part(outputs, place, 1), [-1, 1, count]);
  const objects = { left: target(0), top: target(1), right: target(2), bottom: target(3) };
  const { x, y, width, height } = centredColumns(corners);
  const references = { x: row(x), y: row(y), width: row(width), height: row(height) };
  const within = [
    math.subtract(references.x, objects.left),
    math.subtract(references.y, objects.top),
    math.subtract(objects.right, references.x),
    math.subtract(objects.bottom, references.y),
  ].reduce((a, b) => math.minimum(a, b));
  return {
    objects: { ...objects, present: is(1), label: target(4), rows },
    sides: { left: side(0), top: side(1), right: side(2), bottom: side(3), count },
    references,
    predicted: centred(math, { left: predicted(0), top: predicted(1), right: predicted(2), bottom: predicted(3) }),
    ignored: math.greatestAlong(math.multiply(math.greater(within, 0), is(2)), 1),
    classes: math.numbers(range(classes), [1, 1, classes]),
  };
}

/**
 * Smooth L1 between the offsets of predicted boxes and of objects, the sum of the four, [B,1,P]; 0 where none is learned.
 *
 * @param chosen 1 where a reference box learns an object, [B,G,P]; `learns` where it learns any, [B,1,P].
 * @param beta where squares end.
 */
export function codedLoss<Value>(
  math: LossAlgebra<Value>,
  { objects, references, predicted }: CodedScene<Value>,
  { chosen, learns }: { readonly chosen: Value; readonly learns: Value },
  { weights: [wx, wy, wWidth, wHeight], beta }: { readonly weights: CodingWeights; readonly beta: number },
): Value {
  const target = centred(math, objects);
  const idle = complement(math, learns);
  // A box without object is compared with itself: loss 0.
  const ofObject = (what: keyof Centred<Value>): Value =>
    math.add(
      math.sumAlong(math.multiply(chosen, target[what]), 1),
      math.multiply(idle, math.constantOf(predicted[what])),
    );
  const moved = (what: 'x' | 'y', size: 'width' | 'height', weight: number): Value =>
    math.multiply(math.divide(math.subtract(predicted[what], ofObject(what)), references[size]), weight);
  const grown = (size: 'width' | 'height', weight: number): Value =>
    math.multiply(math.subtract(math.log(predicted[size]), math.log(ofObject(size))), weight);
  const smooth = (difference: Value): Value => {
    const size = math.absolute(difference);
    const near = math.minimum(size, beta);
    // d^2 / (2 beta) up to beta, then d - beta / 2.
    return math.add(math.multiply(math.square(near), 0.5 / beta), math.subtract(size, near));
  };
  const parts = [
    moved('x', 'width', wx),
    moved('y', 'height', wy),
    grown('width', wWidth),
    grown('height', wHeight),
  ].map(smooth);
  return math.multiply(
    parts.reduce((sum, part) => math.add(sum, part)),
    learns,
  );
}
