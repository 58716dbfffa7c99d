/** Scores of a split and their names, as metrics of an epoch and as values that decisions are made on. */
import type { z } from 'zod';
import { choiceProblem, readerSchema } from '../base/problem.js';

/** Averages of a score over classes: of all alike (no suffix), of all decisions at once, or by the class's samples. */
const averaged = ['f1', 'precision', 'recall'] as const;
const averages = ['', '-micro', '-weighted'] as const;

type Averaged = `${(typeof averaged)[number]}${(typeof averages)[number]}`;

/** A score beyond loss and accuracy. `top-K` is the share of samples whose class is among the K highest outputs. */
export type MetricName =
  | Averaged
  | 'balanced-accuracy'
  | 'auc'
  | 'average-precision'
  | `top-${number}`
  | MaskMetric
  | BoxMetric;

/** Scores of masks, which a run with masks always has. */
export const maskMetrics = ['mean-iou', 'dice', 'pixel-accuracy'] as const;
export type MaskMetric = (typeof maskMetrics)[number];

/**
 * Scores of detectors, which a run with boxes always has: COCO's mean average precision over IoUs from 0.5 to 0.95, at 0.5 and
 * at 0.75.
 */
export const boxMetrics = ['map', 'map-50', 'map-75'] as const;
export type BoxMetric = (typeof boxMetrics)[number];

/** All names but top-K. */
export const metricNames: readonly MetricName[] = [
  ...averaged.flatMap((score) => averages.map((average): Averaged => `${score}${average}`)),
  'balanced-accuracy',
  'auc',
  'average-precision',
  ...maskMetrics,
  ...boxMetrics,
];

/** A value of the epoch record that decisions can be made on, as `validation.f1`. */
export type Monitor =
  | `${'train' | 'test' | 'validation'}.${'loss' | 'accuracy'}`
  | `${'test' | 'validation'}.${MetricName}`;

const aliases = {
  f1: ['f1-macro', 'f1-score', 'macro-f1'],
  auc: ['roc-auc', 'roc-auc-score', 'auroc'],
  'balanced-accuracy': ['balanced-accuracy-score', 'bal-acc'],
  'average-precision': ['ap', 'pr-auc'],
  map: ['mean-average-precision', 'map-50-95', 'coco-ap'],
  'map-50': ['map50', 'ap50'],
  'map-75': ['map75', 'ap75'],
  'top-5': ['top-k', 'topk', 'top5acc'],
} as const;

/** The k of a top-k accuracy; undefined for other metrics. */
export function topOf(metric: string): number | undefined {
  const k = /^top-([1-9]\d*)$/.exec(metric)?.[1];
  return k === undefined ? undefined : Number(k);
}

function isMetric(name: string): name is MetricName {
  return metricNames.includes(name as MetricName) || topOf(name) !== undefined;
}

/** A metric by name. */
export const metricSchema = readerSchema((value): MetricName => {
  if (typeof value === 'string' && isMetric(value)) return value;
  throw choiceProblem([], value, { known: [...metricNames, 'top-5'], aliases });
}) as unknown as z.ZodType<MetricName, MetricName>;

/** The metric of a monitor, and its split. */
export function partsOf(monitor: Monitor): {
  readonly split: 'train' | 'test' | 'validation';
  readonly score: 'loss' | 'accuracy' | MetricName;
} {
  const at = monitor.indexOf('.');
  return { split: monitor.slice(0, at), score: monitor.slice(at + 1) } as ReturnType<typeof partsOf>;
}

const measured: readonly Monitor[] = (['validation', 'test'] as const).flatMap((split) =>
  (['loss', 'accuracy', ...metricNames, 'top-5'] as const).map((score): Monitor => `${split}.${score}`),
);

const monitorAliases = {
  'validation.loss': ['val_loss'],
  'validation.accuracy': ['val_accuracy', 'val_acc'],
  'test.accuracy': ['acc', 'accuracy'],
  ...Object.fromEntries(
    Object.entries({ ...Object.fromEntries(metricNames.map((name) => [name, []])), ...aliases }).map(
      ([name, words]: [string, readonly string[]]) => [
        `validation.${name}`,
        [name, ...words].flatMap((word) => [word, `val_${word}`, `validation.${word}`]),
      ],
    ),
  ),
};

/** A monitor by name. */
export const monitorSchema = readerSchema((value): Monitor => {
  if (typeof value === 'string' && isMonitor(value)) return value;
  throw choiceProblem([], value, { known: [...measured, 'train.loss', 'train.accuracy'], aliases: monitorAliases });
}) as unknown as z.ZodType<Monitor, Monitor>;

function isMonitor(name: string): name is Monitor {
  const [split = '', score = '', ...rest] = name.split('.');
  if (rest.length > 0) return false;
  if (score === 'loss' || score === 'accuracy') return ['train', 'test', 'validation'].includes(split);
  return ['test', 'validation'].includes(split) && isMetric(score);
}

/** Whether lower or higher values are better. */
export type MonitorMode = 'min' | 'max';

/** Losses are better low, all else high. */
export function monitorMode(monitor: Monitor): MonitorMode {
  return monitor.endsWith('.loss') ? 'min' : 'max';
}
