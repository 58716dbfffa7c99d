/** Records of what is done with trained runs. */
import { z } from 'zod';
import { picture } from './common.js';
import { bytes, count, figure, flag, list, number, record, share, text } from './parts.js';

const classScores = z.looseObject({
  precision: share('precision'),
  recall: share('recall'),
  f1: share('F1'),
  support: count('samples (labels, for several an image) that truly are of the class'),
});

const ranking = z
  .looseObject({
    rocAuc: figure('area under the ROC curve, mean over classes (of two classes: class 1)'),
    averagePrecision: figure('average precision, mean over classes (of two classes: class 1)'),
    rocAucPerClass: list(figure('area'), 'by class'),
    averagePrecisionPerClass: list(figure('average precision'), 'by class'),
  })
  .describe('scores of the order of outputs');

const split = z.enum(['train', 'test', 'validation']);

export const evaluate = [
  record('evaluation', 'scores of a run over every sample of a split; evaluation.json has them too', {
    split,
    loss: figure("mean loss, by the run's own loss"),
    classes: count('classes'),
    samples: count('samples'),
    accuracy: share('accuracy'),
    perClass: list(classScores, 'by class'),
    macro: classScores.describe('mean over classes'),
    weighted: classScores.describe('mean over classes by support'),
    cohenKappa: figure("Cohen's kappa, -1 to 1"),
    matthews: figure("Matthews's correlation coefficient, -1 to 1"),
    topK: z.record(z.string(), share('samples whose class is among the k highest outputs')).describe('by k'),
    confusion: list(list(count('samples'), 'by predicted class'), 'counts by true class'),
    logLoss: figure('mean of -log p(true class), natural logarithm'),
    ranking: ranking.optional(),
  }),
  record('mask-evaluation', 'scores of a run with masks; evaluation.json has them too', {
    split,
    loss: figure("mean loss, by the run's own loss"),
    pixels: count('pixels of a class'),
    pixelAccuracy: share('pixels of the right class'),
    meanIou: share('mean intersection over union of the classes that occur'),
    meanDice: share("mean of Dice's coefficient"),
    iouPerClass: list(figure('intersection over union'), 'by class'),
    dicePerClass: list(figure("Dice's coefficient"), 'by class'),
    confusion: list(list(count('pixels'), 'by predicted class'), 'counts by true class'),
  }),
  record('box-evaluation', 'scores of a detector, as COCO computes them', {
    split,
    loss: figure("mean loss, by the run's own loss"),
    objects: list(count('objects'), 'by class; those to be ignored left out'),
  }),
  record('image-evaluation', 'scores of a run that rebuilds images', {
    split,
    loss: figure("mean loss, by the run's own loss"),
    meanSquaredError: z.number().min(0).describe('of pixels from 0 to 1'),
    psnr: figure('peak signal-to-noise ratio (decibels)'),
    ssim: z.number().describe('structural similarity, -1 to 1, mean over at most 200 images'),
  }),
];

export const predict = [
  record('prediction', 'the answer for an image; images without one are records of type error', {
    file: text('path as given'),
    top: list(
      z.looseObject({ class: text('name'), share: share('probability') }),
      'the most likely classes, the likeliest first; of masks their shares of the pixels',
    ),
    written: list(text('path'), 'pictures of a mask, of objects, or of a rebuilt image').optional(),
    error: z.number().min(0).describe('mean squared error of a rebuilt image, pixels from 0 to 1').optional(),
    objects: list(
      z.looseObject({
        box: list(z.number(), "left, top, right, bottom in pixels of the network's input"),
        class: text('name'),
        score: share('probability'),
      }),
      'what a detector found, by falling score',
    ).optional(),
  }),
];

export const exported = [
  record('export', 'files for another program were written', {
    format: text('of convoy export --help'),
    folder: text('where the files are'),
    files: list(text('name in the folder'), 'the one to open first is first'),
    withPreprocessing: flag('whether pixels go in and probabilities come out'),
    usage: z.looseObject({ language: text('of the code'), code: text('uses the files') }),
    check: z
      .looseObject({
        reader: text('the program that ran the files'),
        images: count('images'),
        ofTestSet: flag('whether they are of the test set; else noise'),
        difference: z.number().min(0).describe("largest difference from convoy's outputs, of the largest output"),
        sameClass: count('images with the same largest output').optional(),
      })
      .optional()
      .describe('with --check'),
  }),
];

const evaluated = {
  normal: count('normal images'),
  anomalous: count('anomalous images'),
  imageAuroc: figure("area under the ROC curve of images' scores, 0 to 1"),
  falseAlarms: figure('share of the normal images above the threshold'),
  found: figure('share of the anomalous images above the threshold'),
};

export const anomalyFit = [
  record('anomaly-model', 'a model of normal images was written', {
    file: text('path'),
    method: z.enum(['padim', 'patchcore', 'reconstruction']),
    fitted: count('images that were fitted'),
    heldOut: count('images that the threshold was chosen on'),
    threshold: number('scores above it are anomalous'),
  }),
  record('one-class', 'scores with one class normal, with --all-classes', {
    class: text('what is normal'),
    ...evaluated,
  }),
  record('one-class-mean', 'the mean over classes, behind all of them', {
    classes: count('classes'),
    imageAuroc: figure('mean area under the ROC curve, 0 to 1'),
  }),
];

export const anomalyScore = [
  record('anomaly', 'the answer for an image; images without one are records of type error', {
    file: text('path as given'),
    score: number('higher means more anomalous'),
    anomalous: flag('whether the score is above the threshold'),
    threshold: number('scores above it are anomalous'),
    written: text('the heat map').optional(),
  }),
];

export const anomalyEvaluate = [
  record('anomaly-evaluation', 'scores over a test split', {
    ...evaluated,
    pixelAuroc: figure('area under the ROC curve of all pixels, 0 to 1').optional(),
    regionOverlap: figure('overlap per region (PRO) up to 30% false positives, 0 to 1').optional(),
  }),
];

export const pictures = [picture];
export const augment = [record('augment', 'a picture was written', { file: text('path') })];
export const report = [
  record('report', 'a page was written', { file: text('path'), bytes: bytes('size of the file') }),
];
