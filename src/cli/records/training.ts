/** Records of trainings and of what measures them. */
import { z } from 'zod';
import { dashboard } from './common.js';
import {
  bytes,
  count,
  figure,
  flag,
  list,
  number,
  rate,
  record,
  scores,
  seconds,
  sha256,
  share,
  text,
} from './parts.js';

const workers = count('worker threads');
const shards = count('parts of a batch');
const engine = z.enum(['eager', 'compiled']).describe('what computes');
const parameters = count('weights, moving statistics included');
const learningRate = number('learning rate');

const start = record('start', 'a training begins', {
  run: text('run folder'),
  config: z.looseObject({}).describe('the whole configuration: docs/options.md'),
  ranks: count('processes on all machines').optional(),
  ...{ workers, shards, engine, parameters },
});

const phase = record('phase', 'a phase of several begins', {
  phase: count('from 1'),
  of: count('phases in all'),
  freeze: text('what stays as it is: base, until:LAYER or none'),
  learningRate,
  trainableParameters: count('weights that are trained'),
  frozen: count('weights that are not'),
});

const epoch = record('epoch', 'an epoch has ended; a line of metrics.jsonl is the same without the type', {
  epoch: count('from 1'),
  steps: count('optimizer steps since the beginning of the run'),
  learningRate,
  train: scores('the training batches as they were trained on'),
  test: scores('the test images').optional(),
  validation: scores('the validation images').optional(),
  imagesPerSecond: rate('training alone, without evaluation'),
  seconds: seconds('the whole epoch'),
  phases: z
    .looseObject({
      data: seconds('waiting for data'),
      gradients: seconds('forward and backward passes'),
      allReduce: seconds('sums over shards'),
      optimizer: seconds('steps of the optimizer'),
      evaluation: seconds('evaluation'),
    })
    .describe('where the time went'),
});

const summary = record('summary', 'a training has ended; summary.json is the same without the type', {
  recipe: text('recipe').optional(),
  dataset: text('name or path'),
  model: text('network'),
  epochs: count('epochs that were trained'),
  restoredEpoch: count('epoch, from 1, of the weights that early stopping restored').optional(),
  test: scores('the test images'),
  train: scores('the last epoch'),
  bestTestAccuracy: share('best test accuracy of any epoch'),
  imagesPerSecond: rate('training alone'),
  seconds: seconds('all epochs'),
  ...{ workers, shards, engine },
  precision: text('float32 or bfloat16'),
  parameters,
  weightsSha256: sha256('of the float32 weights in the order of the model'),
  target: z.looseObject({ accuracy: share('wanted'), reached: flag('whether it was reached') }).optional(),
  skippedImages: count('images left out as bad').optional(),
  dataWait: share('of the training time, waiting for data'),
  advice: text('what could be better').optional(),
  stopped: text('why the run ended before its last epoch').optional(),
  cluster: z
    .looseObject({
      ranks: count('processes'),
      sum: z.enum(['chain', 'slices']).describe('how gradients were summed'),
      bandwidth: number('measured at the start (bytes per second)'),
      latency: seconds('of a small message'),
      bytesPerBatch: list(bytes('sent for a batch'), 'by rank'),
    })
    .optional(),
});

/** Records that experiments give beside those of their trainings. */
const trial = z.looseObject({
  trial: count('number of the trial'),
  parameters: z.record(z.string(), z.unknown()).describe('options of the trial that differ'),
  epochs: count('epochs that it has'),
  score: figure('the monitored value'),
});

export const sweep = [
  record('trial', 'a trial of a sweep begins or goes on', {
    trial: count('number of the trial'),
    parameters: z.record(z.string(), z.unknown()).describe('options of the trial that differ'),
    epochs: count('epochs that it goes to'),
  }),
  record('sweep', 'all trials of a sweep, the best first', {
    monitor: text('the value that is compared'),
    trials: list(trial, 'the best first'),
  }),
];

const folds = [
  record('fold', 'a fold of a cross-validation begins', {
    fold: count('number of the fold, from 1'),
    of: count('folds'),
  }),
  record('cross-validation', 'what the folds gave', {
    folds: list(z.looseObject({ fold: count('number of the fold, from 1') }), 'scores of each'),
    spread: z.record(z.string(), z.unknown()).describe('mean and sample standard deviation by score'),
  }),
];

export const train = [...folds, start, phase, epoch, summary, dashboard];

const settings = z
  .looseObject({
    workers,
    shards,
    intraOpThreads: count("TensorFlow's threads inside an op"),
    interOpThreads: count("TensorFlow's threads for ops side by side").optional(),
    augmentWorkers: count('threads that transform images').optional(),
  })
  .describe('how a training uses the machine');

export const tune = [
  record('tried', 'settings that were measured', {
    settings,
    imagesPerSecond: rate('with these settings'),
    ratio: number('speed, times that of the best settings before; 1 for the first'),
    kept: flag('whether they became the best'),
  }),
  record('tuned', 'the best settings, which --workers auto takes from now on', {
    settings,
    imagesPerSecond: rate('with these settings'),
    file: text('where they are kept'),
  }),
];

export const learningRateFinder = [
  record('step', 'a step of the sweep', {
    step: count('from 1'),
    steps: count('steps of the sweep'),
    learningRate,
    loss: figure('smoothed training loss'),
  }),
  record('learningRate', 'the sweep has ended', {
    suggestions: z
      .looseObject({
        steepest: number('learning rate where the loss falls steepest'),
        tenthOfLowest: number('a tenth of the learning rate of the lowest loss'),
      })
      .optional()
      .describe('missing where the loss never fell'),
    ended: text('at the last rate, or because the loss diverged'),
    steps: count('steps that were made'),
    folder: text('where lr-find.json and charts are'),
  }),
];

export const verify = [
  record('check', 'something that must hold, and whether it does', {
    name: text('what is checked'),
    passed: flag('whether it holds'),
    detail: text('what was found'),
  }),
];
