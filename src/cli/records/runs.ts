/** Records of what is done with trained runs. */
import { z } from 'zod';
import { picture } from './common.js';
import { bytes, count, figure, flag, list, record, share, text } from './parts.js';

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

export const evaluate = [
  record('evaluation', 'scores of a run over every sample of a split; evaluation.json has them too', {
    split: z.enum(['train', 'test', 'validation']),
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
];

export const predict = [
  record('prediction', 'the answer for an image; images without one are records of type error', {
    file: text('path as given'),
    top: list(
      z.looseObject({ class: text('name'), share: share('probability') }),
      'the most likely classes, the likeliest first',
    ),
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

export const pictures = [picture];
export const augment = [record('augment', 'a picture was written', { file: text('path') })];
export const report = [
  record('report', 'a page was written', { file: text('path'), bytes: bytes('size of the file') }),
];
