import { createMetrics, createMultiLabelMetrics, type RankingScores, rocCurve } from '../../metrics/index.js';
import { classScores } from '../../models/index.js';
import type { Runtime } from '../../runtime/index.js';
import { picturesOf, testPixels } from '../../tools/index.js';
import type { ClassReport, EvaluationReport, Points } from '../types.js';
import { calibrationOf } from './calibration.js';
import { type Outputs, rounded, sampleReport } from './outputs.js';
import { chooseSamples } from './samples.js';
import { sheetOf } from './sheet.js';

/** With more classes a matrix can no longer be read, nor curves be told apart. */
const most = { matrix: 50, curves: 20, confused: 60, points: 160 } as const;

/** Scores, curves and chosen images of the test split. */
export async function evaluationReport(runtime: Runtime, outputs: Outputs): Promise<EvaluationReport> {
  const { dataset } = outputs;
  const scores = dataset.targets.kind === 'classes' ? oneClass(runtime, outputs) : severalLabels(runtime, outputs);
  const chosen = chooseSamples(outputs, scores.confusion !== undefined);
  const pixels = await testPixels(runtime, Uint32Array.from(chosen.samples));
  return {
    split: dataset.split,
    count: dataset.count,
    multiLabel: dataset.targets.kind !== 'classes',
    ...scores,
    sheet: await sheetOf(picturesOf(pixels, dataset, () => '')),
    samples: chosen.samples.map((sample) => sampleReport(outputs, sample)),
    cells: chosen.cells,
    mistakes: chosen.mistakes,
    doubtful: chosen.doubtful,
  };
}

type Scores = Pick<EvaluationReport, 'overall' | 'perClass' | 'confusion' | 'confused' | 'curves' | 'calibration'>;

function oneClass({ spec, layout }: Runtime, outputs: Outputs): Scores {
  const { dataset, raw, shares, loss, accuracy } = outputs;
  const classes = dataset.classes.length;
  const { targets } = dataset;
  if (targets.kind !== 'classes') throw new TypeError('one class a sample');
  if (classes < 2) {
    const perClass = [{ precision: 1, recall: 1, f1: 1, support: dataset.count, auc: null, averagePrecision: null }];
    return {
      overall: [
        ['accuracy', accuracy],
        ['loss', loss],
      ],
      perClass,
      confused: [],
      curves: [],
    };
  }
  const { scores, fromLogits } = classScores(raw, { loss: spec.loss, width: layout.outputLength, classes });
  const metrics = createMetrics({ classes, topK: classes > 5 ? [5] : [], fromLogits });
  metrics.add(scores, targets.labels, dataset.count);
  const result = metrics.result();
  const confused = result.confusion
    .flatMap((row, truth) => row.map((count, predicted) => [truth, predicted, count] as const))
    .filter(([truth, predicted, count]) => truth !== predicted && count > 0)
    .sort((a, b) => b[2] - a[2])
    .slice(0, most.confused);
  const confidence = new Float64Array(dataset.count);
  const right: boolean[] = [];
  for (let sample = 0; sample < dataset.count; sample++) {
    const row = shares.subarray(sample * classes, (sample + 1) * classes);
    const best = row.indexOf(row.reduce((a, b) => Math.max(a, b), 0));
    confidence[sample] = row[best] ?? 0;
    right.push(best === targets.labels[sample]);
  }
  return {
    overall: [
      ['accuracy', result.accuracy],
      ['loss', loss],
      ...Object.entries(result.topK).map(([k, share]) => [`top-${k} accuracy`, share] as const),
      ['macro F1', result.macro.f1],
      ["Cohen's kappa", result.cohenKappa],
      ...(result.ranking === undefined ? [] : ([['ROC AUC', result.ranking.rocAuc]] as const)),
    ].map(([name, value]) => [name as string, Number.isFinite(value as number) ? (value as number) : 0]),
    perClass: perClass(result.perClass, result.ranking),
    ...(classes <= most.matrix ? { confusion: result.confusion } : {}),
    confused,
    curves: curvesOf(outputs, (label, sample) => targets.labels[sample] === label),
    calibration: calibrationOf(confidence, right),
  };
}

function severalLabels({ spec, layout }: Runtime, outputs: Outputs): Scores {
  const { dataset, raw, loss } = outputs;
  const { targets } = dataset;
  const classes = dataset.classes.length;
  if (targets.kind !== 'multi-label') throw new TypeError('several labels a sample');
  const { scores, fromLogits } = classScores(raw, { loss: spec.loss, width: layout.outputLength, classes });
  const metrics = createMultiLabelMetrics({ classes, fromLogits });
  metrics.add(scores, targets.values, dataset.count);
  const result = metrics.result();
  return {
    overall: [
      ['all labels right', result.subsetAccuracy],
      ['label accuracy', result.labelAccuracy],
      ['loss', loss],
      ['macro F1', result.macro.f1],
      [
        'mean average precision',
        Number.isFinite(result.ranking.averagePrecision) ? result.ranking.averagePrecision : 0,
      ],
    ],
    perClass: perClass(result.perClass, result.ranking),
    confused: [],
    curves: curvesOf(outputs, (label, sample) => (targets.values[sample * classes + label] ?? 0) >= 0.5),
  };
}

function perClass(
  scores: readonly { precision: number; recall: number; f1: number; support: number }[],
  ranking: RankingScores | undefined,
): ClassReport[] {
  const finite = (value: number | undefined): number | null =>
    value === undefined || !Number.isFinite(value) ? null : rounded(value);
  return scores.map(({ precision, recall, f1, support }, label) => ({
    precision: rounded(precision),
    recall: rounded(recall),
    f1: rounded(f1),
    support,
    auc: finite(ranking?.rocAucPerClass[label]),
    averagePrecision: finite(ranking?.averagePrecisionPerClass[label]),
  }));
}

/** ROC and precision-recall curves of each class against the rest; of many classes the first. */
function curvesOf(
  { dataset, shares }: Outputs,
  isOf: (label: number, sample: number) => boolean,
): EvaluationReport['curves'] {
  const classes = dataset.classes.length;
  const labels = Array.from({ length: Math.min(classes, most.curves) }, (_, label) => label);
  return labels.flatMap((label) => {
    const scores = Float64Array.from({ length: dataset.count }, (_, i) => shares[i * classes + label] ?? 0);
    const positive = Uint8Array.from({ length: dataset.count }, (_, sample) => (isOf(label, sample) ? 1 : 0));
    const positives = positive.reduce((sum, value) => sum + value, 0);
    const negatives = dataset.count - positives;
    if (positives === 0 || negatives === 0) return [];
    const curve = rocCurve(scores, positive, true);
    const roc = curve.falsePositiveRate.map((x, i) => [x, curve.truePositiveRate[i] ?? 0] as const);
    const precisionRecall = roc.slice(1).map(([x, y]): readonly [number, number] => {
      const hits = y * positives;
      return [y, hits / Math.max(1e-12, hits + x * negatives)];
    });
    return [{ label, roc: thinned(roc), precisionRecall: thinned(precisionRecall) }];
  });
}

/** A curve with fewer points; the first and the last stay. */
function thinned(points: Points): Points {
  const every = Math.max(1, Math.ceil(points.length / most.points));
  return points
    .filter((_, index) => index % every === 0 || index === points.length - 1)
    .map(([x, y]) => [rounded(x), rounded(y)]);
}
