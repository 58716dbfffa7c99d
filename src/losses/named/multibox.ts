import { z } from 'zod';
import { valueError } from '../../base/errors.js';
import { option } from '../../base/options.js';
import { levelsOf, ssdBoxes, ssdBoxesPerCell, ssdCoding } from '../../boxes/index.js';
import { defineLoss } from '../define.js';
import { codedLoss, codedScene } from '../detection/coded.js';
import { matching } from '../detection/matching.js';
import { complement } from '../formulas.js';

/** (class loss + box loss) / default boxes that learn an object, over all images. */
export const multibox = defineLoss({
  name: 'multibox',
  title: 'Loss of SSD: classes of the default boxes that learn an object and of the worst others, boxes of the former',
  source: "Liu et al. 2016 (SSD), section 2.2; torchvision's SSD.compute_loss",
  words: ['ssd', 'hard-negative-mining'],
  outputs: 'softmax',
  detector: { boxesPerCell: ssdBoxesPerCell, network: 'ssdlite' },
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
    const { classes, points, image } = inputs;
    const levels = levelsOf(image, points / ssdBoxesPerCell);
    if (levels === undefined) {
      const expected = `${ssdBoxesPerCell} for each cell of feature maps of ${image.height}x${image.width} images whose strides are powers of two that follow each other`;
      throw valueError('the default boxes of a network', expected, points);
    }
    const scene = codedScene(math, inputs, ssdBoxes(image, levels));
    const chosen = matching(math, scene.objects, scene.sides, options.overlap);
    const learns = math.sumAlong(chosen, 1);
    const places = codedLoss(math, scene, { chosen, learns }, { weights: ssdCoding, beta: 1 });

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
