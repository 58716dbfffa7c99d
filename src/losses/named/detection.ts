import { z } from 'zod';
import { valueError } from '../../base/errors.js';
import { option } from '../../base/options.js';
import { levelPoints, levelsOf } from '../../boxes/index.js';
import type { BoxInputs, LossAlgebra } from '../algebra.js';
import { defineLoss } from '../define.js';
import { alignedAssignment, centreAssignment, inside, type Scene } from '../detection/assignment.js';
import { completeLoss, generalizedLoss, intersectionOverUnion, type Sides } from '../detection/overlap.js';
import { complement, epsilon } from '../formulas.js';

const gains = z.number().min(0);

/** (class loss + box loss) / points that learn an object, image by image. */
export const detection = defineLoss({
  name: 'detection',
  title: 'Loss of detectors without anchors: classes of all points, boxes of those that learn an object',
  source:
    'Tian et al. 2019 (FCOS) and Feng et al. 2021 (TOOD) assign points; Li et al. 2020 (quality focal loss) and Lin et al. 2017 (focal) rate classes; Rezatofighi et al. 2019 (GIoU) and Zheng et al. 2020 (CIoU) boxes',
  words: ['yolo', 'fcos', 'quality-focal', 'giou', 'ciou'],
  outputs: 'any',
  detector: { boxesPerCell: 1, network: 'detector' },
  options: {
    assignment: option(
      z.enum(['centre', 'aligned']),
      'centre',
      'which points learn an object: those near its centre on the level for its size (FCOS), or those that already predict it best (TOOD)',
    ),
    radius: option(z.number().positive(), 1.5, 'of the centre, in strides, for centre'),
    reach: option(z.number().positive(), 8, 'farthest side of an object that a level is for, in strides, for centre'),
    candidates: option(z.int().min(1), 10, 'points that learn an object at most, for aligned'),
    alpha: option(z.number().min(0), 1, "power of the class's probability in the alignment, for aligned"),
    beta: option(z.number().min(0), 6, 'power of the IoU in the alignment, for aligned'),
    classification: option(
      z.enum(['quality', 'focal']),
      'quality',
      'what the class of a point is taught: the quality of its box (its IoU), or 1',
    ),
    gamma: option(gains, 2, 'how little easy points count in the class loss'),
    box: option(z.enum(['giou', 'ciou']), 'giou', 'loss of boxes: generalized or complete IoU'),
    boxWeight: option(gains, 2, 'weight of the box loss'),
  },
  formula: (math, { boxes }, options) => {
    if (boxes === undefined) throw valueError('the targets of loss detection', 'boxes', 'others');
    const { scene, ignored, levels } = sceneOf(math, boxes);
    const { chosen, quality } =
      options.assignment === 'centre'
        ? centreAssignment(math, scene, { ...options, levels })
        : alignedAssignment(math, scene, { ...options, most: options.candidates });
    const learns = math.sumAlong(chosen, 1);
    // A point without object is compared with its own box: loss 0.
    const idle = complement(math, learns);
    const ofObject = (side: keyof Sides<unknown>): typeof learns =>
      math.add(
        math.sumAlong(math.multiply(chosen, scene.objects[side]), 1),
        math.multiply(idle, math.constantOf(scene.predicted[side])),
      );
    const truth = {
      left: ofObject('left'),
      top: ofObject('top'),
      right: ofObject('right'),
      bottom: ofObject('bottom'),
    };
    const rating = math.multiply(
      quality ?? math.constantOf(intersectionOverUnion(math, scene.predicted, truth)),
      learns,
    );
    const importance = quality === undefined ? learns : rating;
    const boxLoss = options.box === 'giou' ? generalizedLoss : completeLoss;
    const places = math.multiply(boxLoss(math, scene.predicted, truth), importance);

    const label = math.sumAlong(math.multiply(chosen, scene.objects.label), 1);
    const column = (row: typeof learns): typeof learns => math.shaped(row, [-1, boxes.points, 1]);
    const own = math.isZero(math.subtract(column(label), scene.classes));
    const taught = math.multiply(own, column(options.classification === 'quality' ? rating : learns));
    const counted = complement(math, math.multiply(ignored, idle));
    const classLosses = math.multiply(classLoss(math, boxes, scene.scores, taught, options), column(counted));

    const total = (x: typeof learns): typeof learns => math.shaped(math.sumAlong(x, 2), [-1]);
    const ofClasses = total(math.shaped(math.sumAlong(classLosses, 2), [-1, 1, boxes.points]));
    const weights = math.maximum(total(importance), 1);
    const sum = math.add(ofClasses, math.multiply(total(places), options.boxWeight));
    return { losses: math.divide(sum, weights), weights: math.constantOf(weights) };
  },
  examples: [
    {},
    { classification: 'focal', box: 'ciou', radius: 2.5, reach: 2 },
    { assignment: 'aligned', candidates: 3, box: 'ciou' },
    { assignment: 'aligned', classification: 'focal', gamma: 1.5, alpha: 0.5 },
  ],
});

/** Share of the loss of a point and class that shows an object in the focal loss: that of Lin et al. */
const focalAlpha = 0.25;

/** |t - p|^gamma times the binary cross-entropy, [B,P,C]; in the focal loss, with 0 and 1 as targets, weighted by alpha. */
function classLoss<Value>(
  math: LossAlgebra<Value>,
  { outputs, classes }: BoxInputs<Value>,
  scores: Value,
  taught: Value,
  { gamma, classification }: { readonly gamma: number; readonly classification: 'quality' | 'focal' },
): Value {
  const logits = math.part(outputs, 4, classes);
  const crossEntropy = math.subtract(math.softplus(logits), math.multiply(logits, taught));
  const gap = math.subtract(taught, scores);
  const eased =
    gamma === 0
      ? crossEntropy
      : math.multiply(
          crossEntropy,
          gamma === 2 ? math.square(gap) : math.power(math.maximum(math.absolute(gap), epsilon), gamma),
        );
  if (classification === 'quality') return eased;
  return math.multiply(eased, math.add(math.multiply(taught, 2 * focalAlpha - 1), 1 - focalAlpha));
}

/** A batch for an assignment; points inside of regions to ignore, [B,1,P]; and the strides of the levels. */
function sceneOf<Value>(
  math: LossAlgebra<Value>,
  { outputs, points: count, classes, targets, rows, image }: BoxInputs<Value>,
): { scene: Scene<Value>; ignored: Value; levels: readonly number[] } {
  const levels = levelsOf(image, count);
  if (levels === undefined) {
    const expected = `a point for each cell of feature maps of ${image.height}x${image.width} images whose strides are powers of two that follow each other`;
    throw valueError('the points of a detector', expected, count);
  }
  const { x, y, stride } = levelPoints(levels);
  const target = (place: number): Value => math.part(targets, place, 1);
  const predicted = (place: number): Value => math.shaped(math.part(outputs, place, 1), [-1, 1, count]);
  const is = (kind: number): Value => math.isZero(math.add(target(5), -kind));
  const range = (length: number): number[] => Array.from({ length }, (_, index) => index);
  const logits = math.part(outputs, 4, classes);
  const scene: Scene<Value> = {
    objects: {
      ...{ left: target(0), top: target(1), right: target(2), bottom: target(3), label: target(4), present: is(1) },
      order: math.numbers(
        range(rows).map((row) => rows - row),
        [1, rows, 1],
      ),
    },
    points: {
      ...{ x: math.numbers(x, [1, 1, count]), y: math.numbers(y, [1, 1, count]) },
      stride: math.numbers(stride, [1, 1, count]),
      count,
    },
    predicted: { left: predicted(0), top: predicted(1), right: predicted(2), bottom: predicted(3) },
    // The logistic function, finite for numbers of any size.
    scores: math.exponential(math.negate(math.softplus(math.negate(logits)))),
    classes: math.numbers(range(classes), [1, 1, classes]),
  };
  const ignored = math.greatestAlong(math.multiply(inside(math, scene), is(2)), 1);
  return { scene, ignored, levels: levels.map((level) => level.stride) };
}
