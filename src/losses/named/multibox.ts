import { z } from 'zod';
import { valueError } from '../../base/errors.js';
import { option } from '../../base/options.js';
import { levelsOf, ssdBoxes, ssdBoxesPerCell, ssdCoding } from '../../boxes/index.js';
import type { BoxInputs, LossAlgebra } from '../algebra.js';
import { defineLoss } from '../define.js';
import { matching } from '../detection/matching.js';
import type { Sides } from '../detection/overlap.js';
import { complement } from '../formulas.js';

/** (class loss + box loss) / default boxes that learn an object, over all images. */
export const multibox = defineLoss({
  name: 'multibox',
  title: 'Loss of SSD: classes of the default boxes that learn an object and of the worst others, boxes of the former',
  source: "Liu et al. 2016 (SSD), section 2.2; torchvision's SSD.compute_loss",
  words: ['ssd', 'hard-negative-mining'],
  outputs: 'softmax',
  boxesPerCell: ssdBoxesPerCell,
  options: {
    overlap: option(
      z.number().gt(0).max(1),
      0.5,
      'least IoU of a default box with an object that it learns; the best box of an object always learns it',
    ),
    negatives: option(
      z.number().min(0),
      3,
      'default boxes without object whose classes count, for each one with an object: those of the greatest loss',
    ),
  },
  formula: (math, { boxes: inputs }, options) => {
    if (inputs === undefined) throw valueError('the targets of loss multibox', 'boxes', 'others');
    const { classes, points } = inputs;
    const scene = sceneOf(math, inputs);
    const chosen = matching(math, scene.objects, scene.sides, options.overlap);
    const learns = math.sumAlong(chosen, 1);
    const places = boxLoss(math, scene, chosen, learns);

    const column = (row: typeof learns): typeof learns => math.shaped(row, [-1, points, 1]);
    const row = (of: typeof learns): typeof learns => math.shaped(of, [-1, 1, points]);
    const logits = math.part(inputs.outputs, 4, classes);
    // The background's logit is 0.
    const most = math.constantOf(math.maximum(math.greatestAlong(logits, 2), 0));
    const powers = math.sumAlong(math.exponential(math.subtract(logits, most)), 2);
    const normalizer = math.add(most, math.log(math.add(powers, math.exponential(math.negate(most)))));
    const label = column(math.sumAlong(math.multiply(chosen, scene.objects.label), 1));
    const own = math.multiply(math.isZero(math.subtract(label, scene.classes)), column(learns));
    const taught = math.sumAlong(math.multiply(own, logits), 2);
    const crossEntropy = row(math.subtract(normalizer, taught));

    const idle = math.multiply(complement(math, learns), complement(math, scene.ignored));
    const ranks = math.places(math.subtract(math.multiply(crossEntropy, idle), complement(math, idle)));
    const total = (of: typeof learns): typeof learns => math.shaped(math.sumAlong(of, 2), [-1]);
    const count = math.sumAlong(learns, 2);
    const worst = math.multiply(math.greater(math.multiply(count, options.negatives), ranks), idle);
    const counted = math.multiply(crossEntropy, math.constantOf(math.add(learns, worst)));
    const weights = total(learns);
    const losses = math.divide(math.add(total(counted), total(places)), math.maximum(weights, 1));
    return { losses, weights: math.constantOf(weights) };
  },
  examples: [{}, { overlap: 0.3, negatives: 1 }],
});

/** What images show and a network says, against the default boxes. */
interface Scene<Value> {
  /** [B,G,1] */
  readonly objects: Sides<Value> & { readonly present: Value; readonly label: Value; readonly rows: number };
  /** Default boxes, [1,1,P]: sides, and centres and sizes. */
  readonly sides: Sides<Value> & { readonly count: number };
  readonly anchors: Centred<Value>;
  readonly predicted: Centred<Value>;
  /** 1 for default boxes whose centres lie in a region to ignore, [B,1,P]. */
  readonly ignored: Value;
  /** Class indices, [1,1,C]. */
  readonly classes: Value;
}

/** Pixels: sizes below have no logarithm. */
const leastSide = 1e-4;

type Centred<Value> = Readonly<Record<'x' | 'y' | 'width' | 'height', Value>>;

function centred<Value>(math: LossAlgebra<Value>, { left, top, right, bottom }: Sides<Value>): Centred<Value> {
  return {
    x: math.multiply(math.add(left, right), 0.5),
    y: math.multiply(math.add(top, bottom), 0.5),
    width: math.maximum(math.subtract(right, left), leastSide),
    height: math.maximum(math.subtract(bottom, top), leastSide),
  };
}

/** Smooth L1 between the offsets of predicted boxes and of objects, [B,1,P]; 0 where none is learned. */
function boxLoss<Value>(
  math: LossAlgebra<Value>,
  { objects, anchors, predicted }: Pick<Scene<Value>, 'objects' | 'anchors' | 'predicted'>,
  chosen: Value,
  learns: Value,
): Value {
  const target = centred(math, objects);
  const idle = complement(math, learns);
  // A default box without object is compared with itself: loss 0.
  const ofObject = (what: keyof Centred<Value>): Value =>
    math.add(
      math.sumAlong(math.multiply(chosen, target[what]), 1),
      math.multiply(idle, math.constantOf(predicted[what])),
    );
  const [wx, wy, wWidth, wHeight] = ssdCoding;
  const moved = (what: 'x' | 'y', size: 'width' | 'height', weight: number): Value =>
    math.multiply(math.divide(math.subtract(predicted[what], ofObject(what)), anchors[size]), weight);
  const grown = (size: 'width' | 'height', weight: number): Value =>
    math.multiply(math.subtract(math.log(predicted[size]), math.log(ofObject(size))), weight);
  const smooth = (difference: Value): Value => {
    const size = math.absolute(difference);
    const near = math.minimum(size, 1);
    // d^2 / 2 up to 1, then d - 1/2.
    return math.add(math.multiply(math.square(near), 0.5), math.subtract(size, near));
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

function sceneOf<Value>(
  math: LossAlgebra<Value>,
  { outputs, points: count, classes, targets, rows, image }: BoxInputs<Value>,
): Scene<Value> {
  const levels = levelsOf(image, count / ssdBoxesPerCell);
  if (levels === undefined) {
    const expected = `${ssdBoxesPerCell} for each cell of feature maps of ${image.height}x${image.width} images whose strides are powers of two that follow each other`;
    throw valueError('the default boxes of a network', expected, count);
  }
  const boxes = ssdBoxes(image, levels);
  const row = (of: (index: number) => number): Value =>
    math.numbers(
      Array.from({ length: count }, (_, index) => of(index)),
      [1, 1, count],
    );
  const side = (centre: Float32Array, size: Float32Array, share: number): Value =>
    row((index) => (centre[index] as number) + share * (size[index] as number));
  const target = (place: number): Value => math.part(targets, place, 1);
  const is = (kind: number): Value => math.isZero(math.add(target(5), -kind));
  const predicted = (place: number): Value => math.shaped(math.part(outputs, place, 1), [-1, 1, count]);
  const objects = { left: target(0), top: target(1), right: target(2), bottom: target(3) };
  const anchors = {
    ...{ x: row((at) => boxes.x[at] as number), y: row((at) => boxes.y[at] as number) },
    ...{ width: row((at) => boxes.width[at] as number), height: row((at) => boxes.height[at] as number) },
  };
  const least = (...distances: Value[]): Value => distances.reduce((a, b) => math.minimum(a, b));
  const within = least(
    math.subtract(anchors.x, objects.left),
    math.subtract(anchors.y, objects.top),
    math.subtract(objects.right, anchors.x),
    math.subtract(objects.bottom, anchors.y),
  );
  return {
    objects: { ...objects, present: is(1), label: target(4), rows },
    sides: {
      ...{ left: side(boxes.x, boxes.width, -0.5), top: side(boxes.y, boxes.height, -0.5) },
      ...{ right: side(boxes.x, boxes.width, 0.5), bottom: side(boxes.y, boxes.height, 0.5) },
      count,
    },
    anchors,
    predicted: centred(math, { left: predicted(0), top: predicted(1), right: predicted(2), bottom: predicted(3) }),
    ignored: math.greatestAlong(math.multiply(math.greater(within, 0), is(2)), 1),
    classes: math.numbers(
      Array.from({ length: classes }, (_, index) => index),
      [1, 1, classes],
    ),
  };
}
