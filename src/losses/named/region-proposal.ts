import { z } from 'zod';
import { valueError } from '../../base/errors.js';
import { option } from '../../base/options.js';
import { levelsOf, rpnAnchors, rpnAnchorsPerCell } from '../../boxes/index.js';
import { defineLoss } from '../define.js';
import { codedLoss, codedScene } from '../detection/coded.js';
import { anchorMatching } from '../detection/matching.js';
import { complement } from '../formulas.js';

const share = z.number().min(0).max(1);

/** (objectness loss + box loss) / anchors drawn, over all images. */
export const regionProposal = defineLoss({
  name: 'regionProposal',
  title:
    'Loss of a region proposal network: objectness of anchors drawn at random, boxes of those that learn an object',
  source: "Ren et al. 2015 (Faster R-CNN), section 3.1.2; torchvision's RegionProposalNetwork.compute_loss",
  words: ['rpn', 'faster-rcnn', 'objectness'],
  outputs: 'any',
  detector: { boxesPerCell: rpnAnchorsPerCell, network: 'rpn', takesAll: { samples: 1e9, positives: 1 } },
  options: {
    foreground: option(
      share,
      0.7,
      'IoU with an object from which on an anchor learns it; the best of an object always does',
    ),
    background: option(share, 0.3, 'IoU with all objects below which an anchor learns that nothing is there'),
    samples: option(z.int().min(1), 256, 'anchors of an image that are drawn'),
    positives: option(share, 0.5, 'share of the drawn anchors that learn an object at most'),
  },
  formula: (math, { boxes: inputs }, { foreground, background: below, samples, positives }) => {
    if (inputs === undefined) throw valueError('the targets of loss regionProposal', 'boxes', 'others');
    const { classes, points, image } = inputs;
    const levels = levelsOf(image, points / rpnAnchorsPerCell);
    if (levels === undefined) {
      const expected = `${rpnAnchorsPerCell} for each cell of feature maps of ${image.height}x${image.width} images whose strides are powers of two that follow each other`;
      throw valueError('the anchors of a network', expected, points);
    }
    const scene = codedScene(math, inputs, rpnAnchors(image, levels));
    const { chosen, background } = anchorMatching(math, scene.objects, scene.sides, { foreground, background: below });
    const learns = math.sumAlong(chosen, 1);
    const empty = math.multiply(background, complement(math, scene.ignored));

    // Of each kind those with the greatest numbers; the others have 0.
    const numbers = math.add(inputs.uniform(), 1);
    const drawn = (mask: typeof learns, most: typeof learns): typeof learns =>
      math.multiply(mask, math.greater(most, math.places(math.multiply(mask, numbers))));
    const limit = math.numbers([Math.floor(samples * positives)], [1, 1, 1]);
    const taken = drawn(learns, limit);
    const rest = math.add(math.negate(math.sumAlong(taken, 2)), samples);
    const sampled = math.constantOf(math.add(taken, drawn(empty, rest)));

    const column = (row: typeof learns): typeof learns => math.shaped(row, [-1, points, 1]);
    const logits = math.part(inputs.outputs, 4, classes);
    const label = column(math.sumAlong(math.multiply(chosen, scene.objects.label), 1));
    const taught = math.multiply(math.isZero(math.subtract(label, scene.classes)), column(learns));
    const crossEntropy = math.sumAlong(math.subtract(math.softplus(logits), math.multiply(logits, taught)), 2);
    const objectness = math.multiply(math.shaped(crossEntropy, [-1, 1, points]), sampled);
    const places = codedLoss(math, scene, { chosen, learns }, { weights: [1, 1, 1, 1], beta: 1 / 9 });
    const total = (row: typeof learns): typeof learns => math.shaped(math.sumAlong(row, 2), [-1]);
    const weights = total(sampled);
    const sum = math.add(total(objectness), total(math.multiply(places, sampled)));
    return { losses: math.divide(sum, math.maximum(weights, 1)), weights: math.constantOf(weights) };
  },
  examples: [{}, { samples: 12, positives: 0.25, foreground: 0.5 }],
});
