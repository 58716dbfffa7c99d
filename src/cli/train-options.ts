/** Options of `convoy train`, and of commands that train several times. */
import { schedules } from '../api/config.js';
import { clusterOptions } from './hosts/options.js';
import { option } from './options.js';
import {
  classWeights,
  integer,
  integerOrAuto,
  keyValues,
  mixing,
  named,
  namesOf,
  notNegative,
  oneOf,
  phase,
  share,
  wordList,
} from './parsers.js';
import * as shared from './shared-options.js';

/** What a configuration is made of. */
export const configOptions = [
  shared.recipe,
  shared.config,
  shared.dataset,
  shared.dataDir,
  shared.model,
  shared.base,
  shared.weights,
  shared.freeze,
  shared.head,
  option('--phase <epochs[:key=value,...]>', 'of a base, once for each: 5 --phase 10:freeze=none,learningRate=0.001', {
    parse: phase,
  }),
  option('--epochs <n>', 'passes over the training samples', {
    parse: integer(),
    alsoCalled: ['--num-epochs', '--n-epochs', '--max-epochs'],
  }),
  shared.batchSize,
  shared.learningRate,
  shared.optimizer,
  option('--schedule <name[:key=value,...]>', namesOf(schedules), {
    parse: named,
    alsoCalled: ['--scheduler', '--lr-scheduler', '--lr-schedule', '--sched'],
  }),
  shared.outputs,
  shared.loss,
  option('--class-weights <balanced|list>', 'weight of each class in crossEntropy; balanced: all count alike', {
    parse: classWeights,
    alsoCalled: ['--class-weight'],
  }),
  option(
    '--sampler <name[:key=value]>',
    'shuffle; balanced: each class as often; weighted:file=F or :classWeights=[1,2]',
    {
      parse: named,
    },
  ),
  option('--validation-split <share>', 'training samples set aside for validation, stratified by class', {
    parse: share,
    alsoCalled: ['--val-split'],
  }),
  option('--metrics <list>', 'computed besides loss and accuracy, as f1,balanced-accuracy,top-5,auc', {
    parse: wordList,
  }),
  option('--monitor <split.metric>', 'what decides the best weights, as validation.f1 (default: accuracy)'),
  option('--early-stopping <key=value,...>', 'patience=5,monitor=validation.loss: end without improvement', {
    parse: keyValues('as patience=5,monitor=validation.f1'),
    alsoCalled: ['--early-stop'],
  }),
  shared.workers,
  shared.shards,
  shared.precision,
  option('--force-precision', 'round to bfloat16 even where the processor has none and float32 is faster'),
  option('--engine <name>', 'auto, compiled or eager', { parse: oneOf(['auto', 'compiled', 'eager']) }),
  shared.seed,
  shared.task,
  shared.classes,
  shared.limit,
  shared.testLimit,
  shared.augment,
  option('--mix <list>', 'mixup=ALPHA,cutmix=ALPHA: batches mixed while training', { parse: mixing }),
  option('--exact-convolutions', 'no minimal filtering (Winograd), whose rounding errors are larger'),
  option('--test-time-flip', 'evaluate images and their mirror images, and take the mean of the outputs', {
    alsoCalled: ['--tta'],
  }),
  option('--augment-workers <n|auto>', 'threads that transform images', { parse: integerOrAuto }),
  option(
    '--worker-timeout-minutes <n>',
    'end the run when no thread has answered for so long; 0: never (default: 30)',
    {
      parse: notNegative,
    },
  ),
  shared.imageSizeOption,
  shared.columns,
  option('--on-bad-image <what>', 'fail or skip', { parse: oneOf(['fail', 'skip']) }),
  option('--intra-op-threads <n>', "TensorFlow's threads inside one op; they change the last bits (default: 1)", {
    parse: integer(),
  }),
] as const;

export const trainOptions = [
  ...configOptions,
  option('--out <dir>', 'folder for the run (default: runs/NAME-N)', {
    alsoCalled: ['--output', '--output-dir', '--save-dir', '--log-dir', '--save'],
  }),
  option('--cross-validate <k>', 'train once for each of K stratified folds; the same command again goes on', {
    parse: integer(2),
    alsoCalled: ['--folds', '--kfold', '--k-fold', '--cv'],
  }),
  option('--resume <run>', 'go on with a run folder from its last checkpoint', { alsoCalled: ['--continue'] }),
  shared.trustCode,
  ...clusterOptions,
  option('--dashboard', 'a page on 127.0.0.1 that follows the run'),
  option('--dashboard-port <n>', 'its port (default: 4747, or a free one)', { parse: integer() }),
  option('--tensorboard', 'event files for TensorBoard in the run folder (see docs/report.md)', {
    alsoCalled: ['--tb', '--tensorboard-dir'],
  }),
  option('--histograms', 'record histograms of weights and gradients after each epoch, for convoy report'),
  option('--trace <file>', "a timeline of the run's phases for chrome://tracing or Perfetto"),
] as const;
