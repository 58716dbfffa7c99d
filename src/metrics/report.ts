import { csvField } from '../base/csv.js';
import type { ClassCurve, MetricsResult } from './class-metrics.js';
import type { MultiLabelResult } from './multi-label.js';
import type { ClassScores } from './scores.js';

const headers = ['precision', 'recall', 'f1-score', 'support'] as const;
const columnWidth = 9;

/** Python's `f'{x:.{digits}f}'`: exact halves go to the even digit, where `toFixed` takes the larger. */
function fixed(value: number, digits: number): string {
  const halves = value * 2 ** (digits + 1); // exact; odd only where the value is half-way between two decimals
  if (Number.isInteger(halves) && halves % 2 !== 0) {
    const below = Math.floor(value * 10 ** digits);
    return ((below + (below % 2)) / 10 ** digits).toFixed(digits);
  }
  return value.toFixed(digits);
}

/**
 * The report as scikit-learn's `classification_report(labels=range(K), target_names=names)` prints it: a line per
 * class, then accuracy (micro average for multi-label), macro and weighted averages (and by samples for multi-label).
 *
 * @param names one per class, in label order.
 * @param digits decimals, 2 as in scikit-learn.
 */
export function classificationReport(
  result: MetricsResult | MultiLabelResult,
  names: readonly string[],
  digits = 2,
): string {
  const width = Math.max(...names.map((name) => [...name].length), 'weighted avg'.length, digits);
  const line = (name: string, cells: readonly string[]): string =>
    `${name.padStart(width)} ${cells.map((cell) => ` ${cell.padStart(columnWidth)}`).join('')}`;
  const scores = (name: string, { precision, recall, f1, support }: ClassScores): string =>
    line(name, [fixed(precision, digits), fixed(recall, digits), fixed(f1, digits), String(support)]);
  const averages =
    'accuracy' in result
      ? [
          line('accuracy', ['', '', fixed(result.accuracy, digits), String(result.samples)]),
          scores('macro avg', result.macro),
          scores('weighted avg', result.weighted),
        ]
      : [
          scores('micro avg', result.micro),
          scores('macro avg', result.macro),
          scores('weighted avg', result.weighted),
          scores('samples avg', result.perSample),
        ];
  return [
    line('', headers),
    '',
    ...result.perClass.map((score, k) => scores(names[k] ?? String(k), score)),
    '',
    ...averages,
    '',
  ].join('\n');
}

/** Per-class scores as CSV (RFC 4180): class, precision, recall, f1, support, and AUC and average precision if known. */
export function metricsCsv(result: MetricsResult | MultiLabelResult, names: readonly string[]): string {
  const { ranking } = result;
  const number = (value: number | undefined): string =>
    value === undefined || Number.isNaN(value) ? '' : String(value);
  const rows = result.perClass.map(({ precision, recall, f1, support }, k) => [
    csvField(names[k] ?? String(k)),
    ...[precision, recall, f1, support].map(number),
    ...(ranking ? [number(ranking.rocAucPerClass[k]), number(ranking.averagePrecisionPerClass[k])] : []),
  ]);
  const header = ['class', 'precision', 'recall', 'f1', 'support', ...(ranking ? ['rocAuc', 'averagePrecision'] : [])];
  return `${[header, ...rows].map((row) => row.join(',')).join('\n')}\n`;
}

/** Points of ROC curves as CSV: class, threshold, falsePositiveRate, truePositiveRate; the first threshold of each is Infinity. */
export function rocCsv(curves: readonly ClassCurve[], names: readonly string[]): string {
  const rows = curves.flatMap(({ classIndex, thresholds, falsePositiveRate, truePositiveRate }) =>
    thresholds.map((threshold, i) =>
      [csvField(names[classIndex] ?? String(classIndex)), threshold, falsePositiveRate[i], truePositiveRate[i]].join(
        ',',
      ),
    ),
  );
  return `${['class,threshold,falsePositiveRate,truePositiveRate', ...rows].join('\n')}\n`;
}
