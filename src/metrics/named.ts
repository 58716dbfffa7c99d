import { valueError } from '../base/errors.js';
import type { MetricName } from '../contracts/index.js';
import { topOf } from '../contracts/index.js';
import { createMetrics, type MetricsResult } from './class-metrics.js';
import { createMultiLabelMetrics, type MultiLabelResult } from './multi-label.js';
import type { ClassScores } from './scores.js';

/** Metrics by name. */
export type NamedScores = Partial<Record<MetricName, number>>;

/** Metrics that need all outputs sorted. */
const ranked: readonly MetricName[] = ['auc', 'average-precision'];

/** Metrics that one class per image has and several labels an image have not. */
export function singleLabelOnly(name: MetricName): boolean {
  return name === 'balanced-accuracy' || topOf(name) !== undefined;
}

/**
 * Metrics of one class per sample. Averages are macro unless the name says otherwise, over all classes; `auc` and
 * `average-precision` are of each class against the rest, and of two classes those of the second.
 *
 * @param outputs [n, classes]: logits of a softmax, or probabilities.
 * @param labels class of each sample.
 * @throws ConvoyError `CONVOY_OPTION` for a top-K of more than all classes, `CONVOY_DIVERGED` when an output is not finite.
 */
export function classMetrics(
  names: readonly MetricName[],
  outputs: Float32Array,
  labels: Int32Array,
  { classes, fromLogits }: { readonly classes: number; readonly fromLogits: boolean },
): NamedScores {
  checkTop(names, classes);
  const topK = names.flatMap((name) => topOf(name) ?? []);
  const metrics = createMetrics({ classes, topK, fromLogits, curves: names.some((name) => ranked.includes(name)) });
  metrics.add(outputs, labels);
  const result = metrics.result();
  return pick(names, (name) => {
    const k = topOf(name);
    return k === undefined ? classMetric(name, result) : (result.topK[k] as number);
  });
}

/**
 * Metrics of any number of labels a sample; a label is predicted where its probability is above 0.5.
 *
 * @param outputs [n, classes]: logits of a sigmoid, or probabilities.
 * @param targets [n, classes], 0 or 1.
 * @throws ConvoyError `CONVOY_DIVERGED` when an output is not finite.
 */
export function labelMetrics(
  names: readonly MetricName[],
  outputs: Float32Array,
  targets: Float32Array,
  { classes, fromLogits }: { readonly classes: number; readonly fromLogits: boolean },
): NamedScores {
  const metrics = createMultiLabelMetrics({ classes, fromLogits });
  metrics.add(outputs, targets, targets.length / classes);
  const result = metrics.result();
  return pick(names, (name) => common(name, result));
}

/** @throws ConvoyError `CONVOY_OPTION` for a top-K of more than all classes. */
export function checkTop(names: readonly MetricName[], classes: number): void {
  for (const name of names) {
    if ((topOf(name) ?? 1) > classes)
      throw valueError('metrics', `top-K with K of at most ${classes} (the classes)`, name);
  }
}

function pick(names: readonly MetricName[], score: (name: MetricName) => number): NamedScores {
  return Object.fromEntries(names.map((name) => [name, score(name)]));
}

function classMetric(name: MetricName, result: MetricsResult): number {
  if (name === 'balanced-accuracy') {
    const present = result.perClass.filter(({ support }) => support > 0);
    return present.reduce((sum, { recall }) => sum + recall, 0) / present.length;
  }
  // Of one class per sample each miss is one class's false negative and another's false positive.
  if (name.endsWith('-micro')) return result.accuracy;
  return common(name, result);
}

function common(name: MetricName, result: MetricsResult | MultiLabelResult): number {
  if (name === 'auc') return result.ranking?.rocAuc ?? Number.NaN;
  if (name === 'average-precision') return result.ranking?.averagePrecision ?? Number.NaN;
  const [score = '', average = 'macro'] = name.split('-');
  const scores: ClassScores | undefined =
    average === 'micro' && 'micro' in result ? result.micro : result[average as 'macro'];
  return scores?.[score as 'f1'] ?? Number.NaN;
}
