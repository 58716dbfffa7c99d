/** Options that several commands have, each defined once. */
import { losses, optimizers, parseAugment, precisions, tasks, testTimeAugmentations } from '../api/config.js';
import { option } from './options.js';
import {
  classList,
  columnNames,
  existingFolder,
  imageSize,
  integer,
  integerOrAuto,
  named,
  namesOf,
  oneOf,
  positive,
} from './parsers.js';

export const recipe = option('--recipe <name>', 'start from a recipe (see: convoy recipes)');
export const config = option('--config <file>', 'a JSON file of options, stronger than the recipe');
export const dataset = option(
  '--dataset <name|path>',
  'a dataset by name (see: convoy data list), a folder or a tar of images',
  {
    alsoCalled: ['--data'],
  },
);
export const dataDir = option(
  '--data-dir <dir>',
  'the only folder to look in for the dataset (default: $CONVOY_DATA, system, cache, download)',
  {
    parse: existingFolder,
    alsoCalled: ['--root', '--data-path', '--dataset-dir'],
  },
);
export const model = option(
  '--model <name[:key=value,...]|file>',
  'the network and its options (see: convoy model), or a model file',
  { parse: named, alsoCalled: ['--net', '--network', '--arch', '--architecture'] },
);
export const base = option('--base <name|run|file>', 'instead of a model: a trained one that gets a new head', {
  parse: named,
  alsoCalled: ['--backbone', '--pretrained'],
});
export const weights = option(
  '--weights <source>',
  'imagenet (of a base), a weights file, or for a base run: last or best',
);
export const freeze = option(
  '--freeze <part>',
  'what of the base stays as it is: base (the default), until:LAYER or none',
);
export const head = option(
  '--head <layers>',
  "the base's new classifier, as 256,dropout:0.5 (default: only the last layer is new)",
);
export const batchSize = option('--batch-size <n>', 'samples of a whole step, all workers together', {
  parse: integer(),
  alsoCalled: ['--bs', '--batch'],
});
export const optimizer = option('--optimizer <name[:key=value,...]>', namesOf(optimizers), {
  parse: named,
  alsoCalled: ['--opt', '--optim'],
});
export const loss = option('--loss <name[:key=value,...]>', namesOf(losses), {
  parse: named,
  alsoCalled: ['--criterion', '--loss-fn'],
});
export const outputs = option(
  '--outputs <n>',
  '1: one logit for two classes, under binaryCrossEntropy (default: one value a class)',
  { parse: integer(), alsoCalled: ['--num-outputs'] },
);
export const augment = option('--augment <list>', 'flip,crop,rotate,... with parameters as crop:4, or none', {
  parse: parseAugment,
  alsoCalled: ['--augmentation', '--transform', '--transforms', '--aug'],
});
export const classes = option('--classes <list>', 'only these classes, as cat,dog (a comma in a name: \\,)', {
  parse: classList,
});
export const task = option('--task <name>', `${tasks.join(', ')} (default: what the data are for)`, {
  parse: oneOf(tasks),
});
export const limit = option('--limit <n>', 'first N training samples only; the test set stays whole', {
  parse: integer(),
  alsoCalled: ['--samples', '--subset', '--max-samples'],
});
export const testLimit = option('--test-limit <n>', 'first N test samples only', {
  parse: integer(),
  alsoCalled: ['--limit-test', '--val-limit', '--eval-limit'],
});
export const imageSizeOption = option('--image-size <n|HxW>', 'size that all images are brought to', {
  parse: imageSize,
  alsoCalled: ['--img-size', '--imgsz', '--input-size', '--resize', '--size'],
});
export const columns = option(
  '--columns <list>',
  'image=NAME,label=NAME,...: columns of a table or Parquet file, features of TFRecord',
  {
    parse: columnNames,
    alsoCalled: ['--image-column', '--label-column', '--image-column-name', '--label-column-name'],
  },
);
export const workers = option('--workers <n|auto>', 'worker threads', {
  parse: integerOrAuto,
  alsoCalled: ['--num-workers', '--threads', '--cores', '--jobs', '--nproc'],
});
export const shards = option(
  '--shards <n>',
  'parts of a batch; equal seed, shards and threads inside ops give equal bits (default: workers)',
  {
    parse: integer(),
  },
);
export const precision = option('--precision <p>', 'float32, bfloat16, or auto: bfloat16 where the processor has it', {
  parse: oneOf(precisions),
  alsoCalled: ['--dtype', '--amp'],
});
export const seed = option('--seed <n>', 'decides every random choice', {
  parse: integer(0),
  alsoCalled: ['--random-seed'],
});
export const seedOrZero = option('--seed <n>', 'decides every random choice', {
  parse: integer(0),
  default: 0,
  alsoCalled: ['--random-seed'],
});
export const testTimeAugment = option(
  '--test-time-augment <kind>',
  `${testTimeAugmentations.join(', ')}: average the probabilities of several views of each image`,
  { parse: oneOf(testTimeAugmentations), alsoCalled: ['--tta'] },
);
export const checkpoint = option('--checkpoint <name>', 'last or best (default: the weights that the run ended with)');
export const trustCode = option(
  '--trust-code',
  "run code that the run's configuration names (a loss of your own), from an author you trust",
);
export const learningRate = option('--learning-rate <x>', "default: the optimizer's own", {
  parse: positive,
  alsoCalled: ['--lr', '--rate'],
});
