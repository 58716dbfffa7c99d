import { combinationError } from '../base/errors.js';
import { type Callback, requireMonitors } from '../callbacks/index.js';
import type { RunConfig } from '../config/index.js';
import {
  type BoxMetric,
  boxMetrics,
  type MaskMetric,
  type MetricName,
  type Monitor,
  maskMetrics,
  partsOf,
} from '../contracts/index.js';
import { checkTop, classMetrics, labelMetrics, type NamedScores, singleLabelOnly } from '../metrics/index.js';
import { countPixels, segmentationScores } from '../metrics/segmentation/index.js';
import { classScores, judgement } from '../models/index.js';
import type { Runtime } from '../runtime/index.js';
import { scheduleMonitor } from '../schedules/index.js';
import { detectionResult, detectionsIn } from './detection-scores.js';

/** Who follows which value of an epoch. */
type Follower = Pick<Callback, 'name' | 'monitor'>;

/** What a configuration follows by itself, without callbacks. */
function configFollowers({ schedule, phases = [], target, monitor }: RunConfig): Follower[] {
  const aim = target?.monitor === undefined ? [] : [{ name: 'target', monitor: target.monitor }];
  const schedules = [schedule, ...phases.map((phase) => phase.schedule ?? schedule)].flatMap((spec) => {
    const monitor = scheduleMonitor(spec);
    return monitor === undefined ? [] : [{ name: 'schedule', monitor }];
  });
  return [...schedules, ...aim, ...(monitor === undefined ? [] : [{ name: 'best weights', monitor }])];
}

/**
 * Metrics beyond loss and accuracy that a run computes of each evaluated split: those that it was asked for, and those that
 * callbacks and schedules follow.
 *
 * @throws ConvoyError `CONVOY_OPTION` for one that its data do not have, or that follows a split without scores.
 */
export function wantedMetrics(
  { config, datasets, spec, layout }: Pick<Runtime, 'config' | 'datasets' | 'spec' | 'layout'>,
  callbacks: readonly Follower[],
): MetricName[] {
  const followers = [...callbacks, ...configFollowers(config)];
  requireMonitors(followers, { validation: datasets.validation !== undefined });
  const followed = followers.flatMap(({ monitor }) => (monitor === undefined ? [] : metricOf(monitor)));
  const names = [...new Set([...(config.metrics ?? []), ...followed])];
  if (spec.targets === 'masks') return [...new Set([...maskMetrics, ...names.map(needMaskMetric)])];
  if (spec.targets === 'boxes') return [...new Set([...boxMetrics, ...names.map(needBoxMetric)])];
  const [first] = names;
  if (first === undefined) return [];
  const ofMasks = names.find(isMaskMetric);
  if (ofMasks !== undefined) throw combinationError(`metric ${ofMasks}`, 'needs', 'a dataset with masks');
  const ofBoxes = names.find(isBoxMetric);
  if (ofBoxes !== undefined)
    throw combinationError(`metric ${ofBoxes}`, 'needs', 'a dataset with boxes; classes have average-precision');
  if (spec.targets === 'pixels')
    throw combinationError(`metric ${first}`, 'needs', 'a dataset with classes: this network rebuilds images');
  checkTop(names, spec.classes);
  if (spec.targets === 'classes') return names;
  const alien = names.find(singleLabelOnly);
  if (alien !== undefined) throw combinationError(`metric ${alien}`, 'needs', 'a dataset of one class per image');
  if (judgement(spec, layout.outputLength).by === 'greatest')
    throw combinationError(`metric ${first}`, 'needs', `the loss binaryCrossEntropy instead of ${spec.loss.name}`);
  return names;
}

function isMaskMetric(name: MetricName): name is MaskMetric {
  return (maskMetrics as readonly MetricName[]).includes(name);
}

function isBoxMetric(name: MetricName): name is BoxMetric {
  return (boxMetrics as readonly MetricName[]).includes(name);
}

function needBoxMetric(name: MetricName): BoxMetric {
  if (isBoxMetric(name)) return name;
  throw combinationError(`metric ${name}`, 'needs', `a dataset of classes; boxes have ${boxMetrics.join(', ')}`);
}

function needMaskMetric(name: MetricName): MaskMetric {
  if (isMaskMetric(name)) return name;
  throw combinationError(`metric ${name}`, 'needs', `a dataset of classes; masks have ${maskMetrics.join(', ')}`);
}

function metricOf(monitor: Monitor): MetricName[] {
  const { score } = partsOf(monitor);
  return score === 'loss' || score === 'accuracy' ? [] : [score];
}

/**
 * Metrics of a split.
 *
 * @param outputs [count, outputLength] in file order.
 * @throws ConvoyError `CONVOY_DIVERGED` when an output is not finite.
 */
export function computeMetrics(
  names: readonly MetricName[],
  outputs: Float32Array,
  { spec, layout }: Pick<Runtime, 'spec' | 'layout'>,
  { targets, classes }: Pick<Runtime['datasets']['test'], 'targets' | 'classes'>,
): NamedScores {
  const width = layout.outputLength;
  if (targets.kind === 'classes') {
    const { scores, fromLogits } = classScores(outputs, { loss: spec.loss, width, classes: classes.length });
    return classMetrics(names, scores, targets.labels, { classes: classes.length, fromLogits });
  }
  if (targets.kind === 'pixels') return {};
  if (targets.kind === 'masks') {
    const confusion = new Float64Array(classes.length ** 2);
    countPixels(confusion, outputs, targets.masks, { classes: classes.length });
    const { meanIou, meanDice, pixelAccuracy } = segmentationScores(confusion, classes.length);
    const all: Record<MaskMetric, number> = { 'mean-iou': meanIou, dice: meanDice, 'pixel-accuracy': pixelAccuracy };
    return Object.fromEntries(names.filter(isMaskMetric).map((name) => [name, all[name]]));
  }
  if (targets.kind === 'boxes') {
    const images = detectionsIn(outputs, targets, spec);
    const { ap, ap50, ap75 } = detectionResult(images, classes.length).summary;
    const all: Record<BoxMetric, number> = { map: ap, 'map-50': ap50, 'map-75': ap75 };
    return Object.fromEntries(names.filter(isBoxMetric).map((name) => [name, all[name]]));
  }
  const judged = judgement(spec, width);
  const fromLogits = judged.by === 'threshold' && judged.threshold === 0;
  return labelMetrics(names, outputs, targets.values, { classes: classes.length, fromLogits });
}
