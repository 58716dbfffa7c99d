import { join } from 'node:path';
import { writeFileAtomic } from '../base/atomic-file.js';
import { combinationError, valueError } from '../base/errors.js';
import { type Dataset, type Split, splits, type TestTimeAugmentation } from '../contracts/index.js';
import { type ClassCurve, createMetrics, type MetricsResult, metricsCsv, rocCsv } from '../metrics/index.js';
import { classScores } from '../models/index.js';
import { viewsInWords } from '../predict/index.js';
import type { Runtime } from '../runtime/index.js';
import { evaluateSplit, openRunRuntime, type RunRuntimeOptions } from '../training/index.js';
import { type BoxEvaluation, evaluateBoxes, writeBoxEvaluation } from './evaluate-boxes.js';
import { evaluateImages, type ImageEvaluation, writeImageEvaluation } from './evaluate-images.js';
import { evaluateMasks, type MaskEvaluation, writeMaskEvaluation } from './evaluate-masks.js';
import { evaluateViews, type ViewsOptions } from './evaluate-views.js';
import { testPixels } from './test-images.js';

export interface EvaluateRunOptions extends RunRuntimeOptions {
  /** `test` by default. */
  readonly split?: Split;
  /** Average the probabilities of several views of each image; in place of the run's own `testTimeFlip`. */
  readonly testTimeAugment?: TestTimeAugmentation | undefined;
}

/** Scores of a run over every sample of a split. */
export interface RunEvaluation {
  readonly kind: 'classes';
  readonly split: Split;
  /** With `testTimeAugment` the mean of the views' losses. */
  readonly loss: number;
  readonly classes: readonly string[];
  readonly metrics: MetricsResult;
  /** Of class 1 where there are two classes, else of each class against the rest. */
  readonly rocCurves: readonly ClassCurve[];
}

/** Scores of a run by what it was trained for. */
export type Evaluation = RunEvaluation | MaskEvaluation | BoxEvaluation | ImageEvaluation;

/**
 * Evaluates a trained run over every sample of a split, with the weights that the run ended with or those of a checkpoint.
 *
 * @throws ConvoyError `CONVOY_OPTION` for a split that the run does not have, `CONVOY_CHECKPOINT` where there is no run,
 *   `CONVOY_DATA` where the data have other classes now.
 */
export async function evaluateRun(options: EvaluateRunOptions): Promise<RunEvaluation> {
  const evaluation = await evaluateTask(options);
  if (evaluation.kind === 'classes') return evaluation;
  throw combinationError('evaluateRun', 'needs', `a run with classes; evaluateTask takes one of ${evaluation.kind}`);
}

/**
 * Evaluates a trained run by what it was trained for: classes, masks, boxes, or images that it rebuilds.
 *
 * @throws ConvoyError as `evaluateRun`.
 */
export async function evaluateTask({
  split = 'test',
  testTimeAugment: kind,
  ...opening
}: EvaluateRunOptions): Promise<Evaluation> {
  const overrides = { ...opening.overrides, ...(kind && { testTimeFlip: false }) };
  const runtime = await openRunRuntime({ ...opening, overrides });
  try {
    return await evaluateRuntime(runtime, split, kind && { kind, opening });
  } finally {
    await runtime.close();
  }
}

async function evaluateRuntime(
  runtime: Runtime,
  split: Split,
  views?: Pick<ViewsOptions, 'kind' | 'opening'>,
): Promise<Evaluation> {
  const { datasets, spec, coordinator, arena, layout, evaluationSlots } = runtime;
  const dataset = datasets[split];
  if (dataset === undefined) {
    const there = splits.filter((name) => datasets[name] !== undefined);
    throw valueError('--split', `a split that the run has (${there.join(', ')})`, split);
  }
  const { targets, classes } = dataset;
  if (targets.kind === 'multi-label')
    throw combinationError('convoy evaluate', 'needs', 'a dataset of one class per image');
  const metricsOf = (scores: Float32Array, fromLogits: boolean, loss: number): RunEvaluation => {
    const metrics = createMetrics({ classes: classes.length, topK: classes.length > 5 ? [5] : [], fromLogits });
    if (targets.kind !== 'classes') throw new TypeError('classes alone have these metrics');
    metrics.add(scores, targets.labels, dataset.count);
    return { kind: 'classes', split, loss, classes, metrics: metrics.result(), rocCurves: metrics.rocCurves() };
  };
  if (views !== undefined) {
    if (targets.kind !== 'classes') throw combinationError('--test-time-augment', 'needs', 'a run with classes');
    views.opening.onNote?.(viewsInWords(views.kind, dataset.shape));
    const { shares, loss } = await evaluateViews(runtime, { ...views, split, dataset });
    return metricsOf(shares, false, loss);
  }
  const stage = runtime.evaluationStage(dataset);
  // Batches come in any order; metrics take them in file order, so that files are the same every time.
  const { outputLength: width } = layout;
  const outputs = new Float32Array(dataset.count * width);
  const { loss } = await evaluateSplit({
    stage,
    coordinator,
    arena,
    layout,
    slots: evaluationSlots,
    count: dataset.count,
    onOutputs: (values, { position }) => outputs.set(values, position * width),
  }).finally(() => stage.close());
  const common = { split, loss, classes };
  if (targets.kind === 'masks') return evaluateMasks(outputs, targets.masks, common);
  if (targets.kind === 'boxes') return evaluateBoxes(outputs, targets, spec, common);
  if (targets.kind === 'pixels') return evaluateImages(outputs, await pixelsOfAll(runtime, dataset), dataset, common);
  const { scores, fromLogits } = classScores(outputs, { loss: spec.loss, width, classes: classes.length });
  return metricsOf(scores, fromLogits, loss);
}

/** The pixels of all samples, decoded as for the network. */
function pixelsOfAll(runtime: Runtime, dataset: Dataset): Promise<Uint8Array> | Uint8Array {
  const { store, count } = dataset;
  if (store.kind === 'pixels') return store.pixels;
  return testPixels(
    { ...runtime, datasets: { ...runtime.datasets, test: dataset } },
    Uint32Array.from({ length: count }, (_, sample) => sample),
  );
}

/**
 * Writes an evaluation into a folder: `evaluation.json`, `evaluation.csv`, `confusion.svg`, `roc.csv` with the points of the
 * ROC curves, and `roc.svg`. Of masks \`evaluation.json\`, \`evaluation.csv\` and \`confusion.svg\`, of boxes
 * `evaluation.json`, `evaluation.csv` and `detections.json` in COCO's format, of rebuilt images `evaluation.json`.
 *
 * @returns the files.
 * @throws ConvoyError `CONVOY_DISK`.
 */
export async function writeEvaluation(evaluation: Evaluation, folder: string): Promise<string[]> {
  if (evaluation.kind === 'masks') return writeMaskEvaluation(evaluation, folder);
  if (evaluation.kind === 'boxes') return writeBoxEvaluation(evaluation, folder);
  if (evaluation.kind === 'images') return writeImageEvaluation(evaluation, folder);
  const { confusionChart, rocChart } = await import('../plots/index.js'); // its library takes most of a second to load
  const { split, loss, classes, metrics, rocCurves } = evaluation;
  const title =
    classes.length === 2
      ? `ROC curve of ${classes[1]} against ${classes[0]} (AUC)`
      : 'ROC curves, each class against the rest (AUC)';
  const named = rocCurves.map((curve) => ({ name: classes[curve.classIndex] ?? String(curve.classIndex), curve }));
  const files: string[] = [];
  const file = (name: string): string => {
    files.push(join(folder, name));
    return join(folder, name);
  };
  const json = JSON.stringify({ split, loss, ...metrics }, undefined, 2);
  await writeFileAtomic(file('evaluation.json'), [`${json}\n`]);
  await writeFileAtomic(file('evaluation.csv'), [metricsCsv(metrics, classes)]);
  await confusionChart(metrics.confusion, classes).write(file('confusion.svg'));
  await writeFileAtomic(file('roc.csv'), [rocCsv(rocCurves, classes)]);
  await rocChart(named, title).write(file('roc.svg'));
  return files;
}
