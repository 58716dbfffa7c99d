import { combinationError, valueError } from '../base/errors.js';
import type { LayersModel } from '../base/tf.js';
import type { RunConfig, SettledConfig } from '../config/index.js';
import type { Dataset, LossSpec, Precision, Preprocess, StepSpec, TargetKind } from '../contracts/index.js';
import { catalogEntry } from '../data/index.js';
import { lossNamed, parseLoss } from '../losses/spec/index.js';
import { checkOutputs, givesProbabilities } from '../models/index.js';
import { cpuFeatures } from '../native/index.js';

/**
 * What decides a step's gradients besides weights and data.
 *
 * @throws ConvoyError `CONVOY_OPTION` when normalisation does not fit the images, or class weights the classes;
 *   `CONVOY_MODEL` when the model's outputs do not fit the classes.
 */
export function stepSpec(config: SettledConfig, model: LayersModel, train: Dataset): StepSpec {
  const loss = lossOf(parseLoss(config.loss, train.classes.length), model);
  const [targets, classes] = [train.targets.kind, train.classes.length];
  checkOutputs(model, { loss, targets, classes, image: train.shape });
  refuseForTask(config, loss, targets);
  return {
    loss,
    preprocess: preprocessOf(config, train.shape.channels),
    ...precisionOf(config.precision),
    targets,
    classes,
    image: train.shape,
    ...(train.targets.kind === 'boxes' ? { boxes: train.targets.capacity } : {}),
    ...mixOf(config),
    ...(config.testTimeFlip ? { testTimeFlip: true } : {}),
  };
}

/** @throws ConvoyError `CONVOY_OPTION` for what is defined for images of a class only, and for losses of another task. */
function refuseForTask(config: RunConfig, loss: LossSpec, targets: TargetKind): void {
  const { mix: { mixup = 0, cutmix = 0 } = {}, testTimeFlip } = config;
  if (targets === 'classes' || targets === 'multi-label') return;
  const needs = `a dataset of classes; this one has ${targets === 'pixels' ? 'images as targets' : targets}`;
  if (mixup > 0 || cutmix > 0) throw combinationError(mixup > 0 ? 'mixup' : 'cutmix', 'needs', needs);
  if (testTimeFlip && targets === 'boxes') throw combinationError('testTimeFlip', 'needs', needs);
  if (targets === 'pixels' && ['softmax', 'margins'].includes(lossNamed(loss).outputs))
    throw combinationError(`loss ${loss.name}`, 'needs', `${needs}: meanSquaredError goes with them`);
}

/** How a precision is reached on this machine: bfloat16 is emulated where the processor has none. */
export function precisionOf(precision: Precision): Pick<StepSpec, 'precision' | 'emulateBfloat16'> {
  return precision === 'bfloat16' && !cpuFeatures().bfloat16 ? { precision, emulateBfloat16: true } : { precision };
}

function mixOf({ mix: { mixup = 0, cutmix = 0 } = {} }: RunConfig): Pick<StepSpec, 'mix'> {
  return mixup > 0 || cutmix > 0 ? { mix: { mixup, cutmix } } : {};
}

/** A model that ends in softmax or sigmoid gives probabilities, unless the configuration says otherwise. */
function lossOf(loss: LossSpec, model: LayersModel): LossSpec {
  if (!lossNamed(loss).takesLogits) return loss;
  if ('fromLogits' in loss && loss.fromLogits !== undefined) return loss;
  return givesProbabilities(model) ? ({ ...loss, fromLogits: false } as LossSpec) : loss;
}

/**
 * How a configuration's pixels become the network's input.
 *
 * @throws ConvoyError `CONVOY_OPTION` when its normalisation has another number of channels than the images.
 */
export function preprocessOf(
  { normalize = 'unit', dataset }: Pick<RunConfig, 'normalize' | 'dataset'>,
  channels: number,
): Preprocess {
  const entry = catalogEntry(dataset);
  if (normalize === 'unit') return { scale: fill(channels, 1 / 255), offset: fill(channels, 0) };
  if (normalize === 'standard' && entry === undefined) {
    const why = `no mean and std of ${dataset} are known; give them as {"mean":[...],"std":[...]}, or leave it out`;
    throw combinationError(`normalize ${normalize}`, 'needs', `a dataset of the catalog: ${why}`);
  }
  const { mean, std } =
    normalize === 'standard' ? { mean: entry?.mean ?? [], std: entry?.standardDeviation ?? [] } : normalize;
  if (mean.length !== channels || std.length !== channels) {
    throw valueError('normalize', `${channels} means and deviations, one per channel`, [mean.length, std.length]);
  }
  return {
    scale: std.map((deviation) => 1 / (255 * deviation)),
    offset: mean.map((value, channel) => -value / (std[channel] as number)),
  };
}

function fill(length: number, value: number): number[] {
  return Array<number>(length).fill(value);
}
