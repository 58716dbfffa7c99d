import { join } from 'node:path';
import { writeFileAtomic } from '../base/atomic-file.js';
import { combinationError, valueError } from '../base/errors.js';
import { type Split, splits } from '../contracts/index.js';
import { createMetrics, type MetricsResult, metricsCsv } from '../metrics/index.js';
import { classScores } from '../models/index.js';
import { confusionChart } from '../plots/index.js';
import type { Runtime } from '../runtime/index.js';
import { evaluateSplit, openRunRuntime, type RunRuntimeOptions } from '../training/index.js';

export interface EvaluateRunOptions extends RunRuntimeOptions {
  /** `test` by default. */
  readonly split?: Split;
}

/** Scores of a run over every sample of a split. */
export interface RunEvaluation {
  readonly split: Split;
  readonly loss: number;
  readonly classes: readonly string[];
  readonly metrics: MetricsResult;
}

/**
 * Evaluates a trained run over every sample of a split, with the weights that the run ended with or those of a checkpoint.
 *
 * @throws ConvoyError `CONVOY_OPTION` for a split that the run does not have, `CONVOY_CHECKPOINT` where there is no run,
 *   `CONVOY_DATA` where the data have other classes now.
 */
export async function evaluateRun({ split = 'test', ...opening }: EvaluateRunOptions): Promise<RunEvaluation> {
  const runtime = await openRunRuntime(opening);
  try {
    return await evaluateRuntime(runtime, split);
  } finally {
    await runtime.close();
  }
}

async function evaluateRuntime(runtime: Runtime, split: Split): Promise<RunEvaluation> {
  const { datasets, spec, coordinator, arena, layout, evaluationSlots } = runtime;
  const dataset = datasets[split];
  if (dataset === undefined) {
    const there = splits.filter((name) => datasets[name] !== undefined);
    throw valueError('--split', `a split that the run has (${there.join(', ')})`, split);
  }
  const { targets, classes } = dataset;
  if (targets.kind !== 'classes')
    throw combinationError('convoy evaluate', 'needs', 'a dataset of one class per image');
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
  const { scores, fromLogits } = classScores(outputs, { loss: spec.loss, width, classes: classes.length });
  const metrics = createMetrics({ classes: classes.length, topK: classes.length > 5 ? [5] : [], fromLogits });
  metrics.add(scores, targets.labels, dataset.count);
  return { split, loss, classes, metrics: metrics.result() };
}

/**
 * Writes an evaluation into a folder: `evaluation.json`, `evaluation.csv` and `confusion.svg`.
 *
 * @returns the files.
 * @throws ConvoyError `CONVOY_DISK`.
 */
export async function writeEvaluation(evaluation: RunEvaluation, folder: string): Promise<string[]> {
  const { split, loss, classes, metrics } = evaluation;
  const files = ['evaluation.json', 'evaluation.csv', 'confusion.svg'].map((name) => join(folder, name));
  const [json, csv, confusion] = files as [string, string, string];
  await writeFileAtomic(json, [`${JSON.stringify({ split, loss, ...metrics }, undefined, 2)}\n`]);
  await writeFileAtomic(csv, [metricsCsv(metrics, classes)]);
  await confusionChart(metrics.confusion, classes).write(confusion);
  return files;
}
