import { join } from 'node:path';
import { Command } from 'commander';
import { writeFileAtomic } from '../../base/atomic-file.js';
import { optionError } from '../../base/errors.js';
import { classificationReport, createMetrics, metricsCsv } from '../../metrics/index.js';
import { classScores } from '../../models/index.js';
import { confusionChart } from '../../plots/index.js';
import { evaluateSplit, openRun } from '../../training/index.js';
import { integerOrAuto, oneOf } from '../parsers.js';
import { dataProgress } from '../progress.js';
import { createTerminal, percent } from '../terminal.js';

interface EvaluateFlags {
  readonly checkpoint?: string;
  readonly split: 'test' | 'validation' | 'train';
  readonly dataDir?: string;
  readonly workers?: number | 'auto';
  readonly json?: true;
}

/** The `evaluate` command. */
export function evaluateCommand(): Command {
  return new Command('evaluate')
    .description(
      'Metrics of a trained run over every sample of a split: report, evaluation.json, evaluation.csv, confusion.svg.',
    )
    .argument('<run>', 'run folder')
    .option('--checkpoint <name>', 'last or best (default: the weights that the run ended with)')
    .option(
      '--split <split>',
      'test, validation or train',
      oneOf('--split', ['test', 'validation', 'train']),
      'test' as const,
    )
    .option('--data-dir <dir>', 'the only folder to look in for the dataset')
    .option('--workers <n|auto>', 'worker threads', integerOrAuto('--workers'))
    .option('--json', 'one JSON object a line instead of text')
    .action(evaluate);
}

async function evaluate(run: string, flags: EvaluateFlags): Promise<void> {
  const terminal = createTerminal(flags.json === true);
  const data = dataProgress(terminal);
  const runtime = await openRun({
    run,
    onNote: (note) => terminal.note(note),
    onProgress: data.update,
    ...(flags.checkpoint === undefined ? {} : { checkpoint: flags.checkpoint }),
    ...(flags.dataDir === undefined ? {} : { dataDir: flags.dataDir }),
    ...(flags.workers === undefined ? {} : { overrides: { workers: flags.workers } }),
  });
  data.end();
  try {
    const { datasets, spec, coordinator, arena, layout, evaluationSlots } = runtime;
    const dataset = datasets[flags.split];
    if (dataset === undefined) throw optionError('--split', 'a split that the run has', flags.split);
    const { targets, classes } = dataset;
    if (targets.kind !== 'classes') throw optionError('--split', 'a dataset of one class per image', targets.kind);
    const stage = runtime.evaluationStage(dataset);
    // Batches come in any order; metrics take them in file order, so that files are the same every time.
    const { outputLength: width } = layout;
    const outputs = new Float32Array(dataset.count * width);
    const scores = await evaluateSplit({
      stage,
      coordinator,
      arena,
      layout,
      slots: evaluationSlots,
      count: dataset.count,
      onOutputs: (values, { position }) => outputs.set(values, position * width),
    }).finally(() => stage.close());
    const { scores: rows, fromLogits } = classScores(outputs, { loss: spec.loss, width, classes: classes.length });
    const metrics = createMetrics({ classes: classes.length, topK: classes.length > 5 ? [5] : [], fromLogits });
    metrics.add(rows, targets.labels, dataset.count);
    const result = metrics.result();
    await writeFileAtomic(join(run, 'evaluation.json'), [
      `${JSON.stringify({ split: flags.split, loss: scores.loss, ...result }, undefined, 2)}\n`,
    ]);
    await writeFileAtomic(join(run, 'evaluation.csv'), [metricsCsv(result, classes)]);
    await confusionChart(result.confusion, classes).write(join(run, 'confusion.svg'));
    terminal.record({ type: 'evaluation', split: flags.split, loss: scores.loss, ...result });
    terminal.line(classificationReport(result, classes));
    const more = [
      `loss ${scores.loss.toFixed(4)}`,
      `accuracy ${percent(result.accuracy)}`,
      ...Object.entries(result.topK).map(([k, share]) => `top-${k} ${percent(share)}`),
      `kappa ${result.cohenKappa.toFixed(4)}`,
      `Matthews ${result.matthews.toFixed(4)}`,
      ...(result.ranking === undefined ? [] : [`ROC AUC ${result.ranking.rocAuc.toFixed(4)}`]),
    ];
    terminal.line(more.join('  '));
    terminal.line(
      `written: ${['evaluation.json', 'evaluation.csv', 'confusion.svg'].map((name) => join(run, name)).join(', ')}`,
    );
  } finally {
    await runtime.close();
  }
}
