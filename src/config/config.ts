import { z } from 'zod';
import { augmentSchema, splitNormalize } from '../../augment/spec/index.js';
import { combinationError, valueError } from '../base/errors.js';
import { alsoCalled } from '../base/schema-names.js';
import { parseOptions } from '../base/validate.js';
import { metricSchema, monitorSchema, type Precision, type Task, tasks } from '../contracts/index.js';
import { lossSchema } from '../losses/spec/index.js';
import {
  type OptimizerSpec,
  optimizerLearningRate,
  optimizerSchema,
  optimizersWithMomentum,
  takesMomentum,
} from '../optimizers/index.js';
import { momentumOption, scheduleSchema } from '../schedules/index.js';
import { isRecord, mergeOption, refusePrototypes, settleBase, settleTarget } from './merge.js';
import { earlyStoppingSchema, foldSchema, samplerSchema, targetSchema } from './parts.js';

const count = z.int().min(1);

/** What `precision` may be. */
export const precisions = ['float32', 'bfloat16', 'auto'] as const;

/** A network by name; the other keys are the network's own options, which it checks itself. */
const modelSchema = z.looseObject({ name: z.string().min(1) });

/** Everything that a run can be told. Unknown keys are refused. */
export const configSchema = z.strictObject({
  /** Name of the recipe it came from, for the record. */
  recipe: z.string().optional(),
  /** One line about it. */
  description: z.string().optional(),
  /** Catalog name, or path of a folder or archive of images. */
  dataset: z.string().min(1).default('shapes'),
  /**
   * What the network is trained for. Default: what the data are for. `reconstruction` takes the images as their own targets.
   */
  task: z.enum(tasks).optional(),
  /** Height and width that files of images are brought to. */
  imageSize: z.tuple([count, count]).optional(),
  /** Names of the columns of tables and Parquet files, or of the features of TFRecord, by what they hold. */
  columns: z
    .strictObject({
      image: z.string().min(1).optional(),
      label: z.string().min(1).optional(),
      split: z.string().min(1).optional(),
      height: z.string().min(1).optional(),
      width: z.string().min(1).optional(),
      channels: z.string().min(1).optional(),
    })
    .optional(),
  /** Images of these classes only, by name (or, as numbers, by place) among the dataset's, renumbered in this order. */
  classes: z
    .array(z.union([z.string().min(1), z.int().min(0)]))
    .min(2)
    .optional(),
  /** First N training samples only; the test split stays whole. */
  limit: count.optional(),
  /** First N test samples only. */
  testLimit: count.optional(),
  /** Part of the training samples set aside, stratified by class. */
  validationSplit: z.number().min(0).max(0.9).default(0),
  /** Of a cross-validation: the fold of the training samples that is its validation split, stratified by class. */
  fold: foldSchema.optional(),
  /**
   * `unit`: pixels / 255; `standard`: also less the dataset's mean, by its deviation; or given per channel. Default: what
   * trained weights of a base bring along, pixels as they are for a model that rescales them itself, else `unit`.
   */
  normalize: z
    .union([
      z.enum(['unit', 'standard']),
      z.strictObject({ mean: z.array(z.number()).min(1), std: z.array(z.number().positive()).min(1) }),
    ])
    .optional(),
  /** A network by name, or the path of a model file (Keras, tfjs) or of a network described in JSON. */
  model: alsoCalled(modelSchema, ['network', 'net', 'arch']).default({ name: 'shapes-cnn' }),
  /** Instead of `model`: a trained one that gets a new head, by network name, run folder or model file. */
  base: modelSchema.optional(),
  /** Where weights come from: `imagenet`, a weights file of the network, or for a base run `last` or `best`. */
  weights: z.string().min(1).optional(),
  /** What of the base stays as it is: `base` (the default), `until:LAYER` or `none`. */
  freeze: z.string().optional(),
  /** The base's new classifier as `256,dropout:0.5`; without it only its last layer is replaced. */
  head: z.string().optional(),
  /** Run a base that is frozen whole once over images that no transform touches, and train on what it gave. */
  cacheFeatures: z.boolean().default(true),
  /** 1: a network by name gives one value for two classes, the logit of the second. Default: one value a class. */
  outputs: z.literal(1).optional(),
  /** Default: crossEntropy, or binaryCrossEntropy where `outputs` is 1. */
  loss: lossSchema.default({ name: 'crossEntropy' }),
  /**
   * Weight of each class in crossEntropy; `balanced`: n / (classes x samples of the class) of the training samples, as
   * scikit-learn. A run records the numbers as the loss's own option.
   */
  classWeights: alsoCalled(z.union([z.literal('balanced'), z.array(z.number().min(0)).min(1)]), [
    'class_weight',
    'pos_weight',
  ]).optional(),
  optimizer: optimizerSchema.default({ name: 'sgd' } satisfies OptimizerSpec),
  /** PyTorch's default of the optimizer when not given. */
  learningRate: alsoCalled(z.number().positive(), ['lr', 'rate']).optional(),
  schedule: scheduleSchema.default({ name: 'constant' }),
  epochs: count.default(10),
  /**
   * Parts of a run over a base, one after the other, instead of `epochs`: first the head, then the top layers at a low
   * rate. What a phase leaves out is as in the rest of the configuration; each begins with a new optimizer and schedule.
   */
  phases: z
    .array(
      z.strictObject({
        epochs: count,
        freeze: z.string().optional(),
        learningRate: alsoCalled(z.number().positive(), ['lr', 'rate']).optional(),
        schedule: scheduleSchema.optional(),
        augment: augmentSchema.optional(),
      }),
    )
    .min(1)
    .optional(),
  /** Samples of a whole optimizer step, all workers together. */
  batchSize: alsoCalled(count, ['bs']).default(32),
  /** Batches whose gradients are averaged before one optimizer step. */
  accumulate: count.default(1),
  /**
   * How an epoch chooses its samples: `shuffle` takes each once; `balanced` and `weighted` draw with replacement, so that
   * classes are equally frequent or by weights of classes or (in a file) of samples.
   */
  sampler: samplerSchema.default({ name: 'shuffle' }),
  augment: augmentSchema.optional(),
  /** Beta parameters of whole-batch mixing (Zhang et al. 2018, Yun et al. 2019); 0 is off. */
  mix: z.strictObject({ mixup: z.number().min(0).optional(), cutmix: z.number().min(0).optional() }).optional(),
  /** Evaluation takes the mean of the outputs for an image and its mirror image. */
  testTimeFlip: z.boolean().default(false),
  onBadImage: z.enum(['fail', 'skip']).default('fail'),
  workers: z.union([count, z.literal('auto')]).default('auto'),
  /**
   * Parts of a batch; the same seed, shards and threads inside ops give the same bits with any number of workers. Default:
   * workers.
   */
  shards: count.optional(),
  /**
   * TensorFlow's threads inside one op, for the whole process; they change the last bits. Default: 1, or what `convoy tune`
   * found where no shards are given.
   */
  intraOpThreads: count.optional(),
  /**
   * TensorFlow's threads for ops side by side, for the whole process. Default: what `convoy tune` found, else none for a
   * worker a core, as many as cores for fewer workers.
   */
  interOpThreads: count.optional(),
  augmentWorkers: z.union([count, z.literal('auto')]).default('auto'),
  /**
   * Minutes without an answer from any thread after which a run ends, with its last checkpoint: far beyond the longest step
   * of a slow machine. 0: never.
   */
  workerTimeoutMinutes: z.number().min(0).default(30),
  engine: z.enum(['auto', 'compiled', 'eager']).default('auto'),
  /** `auto`: bfloat16 where the processor has it and the model compiles, else float32. */
  precision: z.enum(precisions).default('float32'),
  /** Take bfloat16 even where the processor has none: numbers are rounded to it, but computed in float32, and slower. */
  forcePrecision: z.boolean().default(false),
  /** Convolutions by definition, not by Winograd's minimal filtering, whose rounding errors are up to 5 times as large. */
  exactConvolutions: z.boolean().default(false),
  seed: z.int().min(0).default(0),
  /** Checkpoints besides those at the end of every epoch. */
  checkpoint: z
    .strictObject({ everySteps: count.optional(), everyMinutes: z.number().positive().optional() })
    .default({}),
  /** Computed of each evaluated split beyond loss and accuracy; what a monitor follows comes by itself. */
  metrics: z.array(metricSchema).readonly().optional(),
  /** What decides which epoch's weights are the best ones. Default: the accuracy, of the validation split where there is one. */
  monitor: monitorSchema.optional(),
  earlyStopping: earlyStoppingSchema.optional(),
  /** What the recipe is expected to reach; the run's summary says whether it did. */
  target: targetSchema.optional(),
});

/** A configuration as a person may write it: everything optional. */
export type ConfigInput = z.input<typeof configSchema>;
/** A configuration with all defaults filled in. */
export type RunConfig = z.output<typeof configSchema>;
/** One of which it is known how this machine computes. */
export type SettledConfig = Omit<RunConfig, 'precision'> & { readonly precision: Precision };

/** The learning rate of a configuration: given, or the optimizer's own default. */
export function baseLearningRate(config: RunConfig): number {
  return config.learningRate ?? optimizerLearningRate(config.optimizer);
}

/**
 * Checks a configuration and fills in its defaults.
 *
 * @param layers from weakest to strongest: recipe, file, command line; objects are merged key by key, except that a
 * model, base, optimizer, loss or schedule of another name replaces the weaker one whole, and a base replaces a model.
 * @throws ConvoyError `CONVOY_OPTION` that names the option, what was expected and what was found.
 */
export function resolveConfig(...layers: readonly { readonly where: string; readonly input: unknown }[]): RunConfig {
  const merged: Record<string, unknown> = {};
  for (const { where, input } of layers) {
    if (typeof input !== 'object' || input === null || Array.isArray(input)) {
      throw valueError(where, 'an object of options', input);
    }
    refusePrototypes(input, where);
    settleTarget(merged, input);
    for (const [key, value] of Object.entries(input)) {
      if (value !== undefined) merged[key] = mergeOption(merged[key], value);
    }
    settleBase(merged, input);
    // After each layer, so that a message names the one that is wrong; on top of those before, which it completes.
    parseOptions(configSchema, merged, where);
  }
  if (merged['outputs'] === 1) merged['loss'] ??= { name: 'binaryCrossEntropy' };
  const usualLoss = isRecord(merged['model']) ? lossOfNetwork[String(merged['model']['name'])] : undefined;
  if (usualLoss !== undefined) merged['loss'] ??= { name: usualLoss };
  for (const [key, value] of Object.entries(usualOfTask[merged['task'] as Task] ?? {})) {
    if (key !== 'model' || merged['base'] === undefined) merged[key] ??= value;
  }
  const config = settleNormalize(parseOptions(configSchema, merged, ''));
  if (config.shards !== undefined && config.shards > config.batchSize) {
    throw valueError('shards', `at most ${config.batchSize} (the batch size)`, config.shards);
  }
  for (const { schedule } of [config, ...(config.phases ?? [])]) {
    const moves = schedule && momentumOption(schedule);
    if (moves !== undefined && !takesMomentum(config.optimizer)) {
      const needed = `an optimizer with momentum instead of ${config.optimizer.name}: ${optimizersWithMomentum().join(', ')}`;
      throw combinationError(`schedule.${moves}`, 'needs', needed);
    }
  }
  if (config.fold !== undefined && config.validationSplit > 0)
    throw combinationError('fold', 'excludes', 'validationSplit: the fold is the validation split');
  if (config.classWeights !== undefined && 'classWeights' in config.loss)
    throw combinationError('classWeights', 'excludes', 'loss.classWeights: keep one of them');
  for (const key of ['freeze', 'head'] as const) {
    if (config[key] !== undefined && config.base === undefined)
      throw combinationError(key, 'needs', 'a base, as --base resnet50 --weights imagenet');
  }
  return settlePhases(config, merged['epochs']);
}

/** Losses that networks are made for. */
const lossOfNetwork: Readonly<Record<string, string>> = {
  detector: 'detection',
  ssdlite: 'multibox',
  rpn: 'regionProposal',
};

/** Networks and losses that go with a task, where none is given. */
const usualOfTask: Readonly<Partial<Record<Task, Pick<ConfigInput, 'model' | 'loss'>>>> = {
  segmentation: { model: { name: 'unet' } },
  detection: { model: { name: 'detector' }, loss: { name: 'detection' } },
  reconstruction: { model: { name: 'autoencoder' }, loss: { name: 'meanSquaredError' } },
};

/** A `normalize` among the transforms is the option of that name. */
function settleNormalize(config: RunConfig): RunConfig {
  const inPhase = config.phases?.findIndex(({ augment }) => augment?.some(({ name }) => name === 'normalize')) ?? -1;
  if (inPhase >= 0)
    throw combinationError(
      `phases.${inPhase}.augment`,
      'excludes',
      'normalize, which holds for all phases: move it to augment',
    );
  const { transforms, normalize } = splitNormalize(config.augment ?? []);
  if (normalize === undefined) return config;
  if (config.normalize !== undefined)
    throw combinationError('augment', 'excludes', 'normalize beside the option normalize: keep one of them');
  return { ...config, augment: [...transforms], normalize: { mean: [...normalize.mean], std: [...normalize.std] } };
}

/** Fills in what phases leave out, and counts their epochs. */
function settlePhases(config: RunConfig, epochs: unknown): RunConfig {
  const { phases, freeze = 'base', schedule, augment = [] } = config;
  if (phases === undefined) return config;
  const sum = phases.reduce((total, phase) => total + phase.epochs, 0);
  if (config.base === undefined)
    throw combinationError('phases', 'needs', 'a base, as --base resnet50 --weights imagenet');
  if (epochs !== undefined && epochs !== sum)
    throw combinationError('epochs', 'excludes', `phases, which have ${sum} epochs of their own`);
  if (config.optimizer.ema !== undefined)
    throw combinationError('optimizer.ema', 'excludes', 'phases: weights are not averaged over them');
  // All of it, as the configuration beside it will be the last phase's once a run is written.
  const common = { freeze, learningRate: baseLearningRate(config), schedule, augment };
  return { ...config, epochs: sum, phases: phases.map((phase) => ({ ...common, ...phase })) };
}
