import { splits } from '../../api/config.js';
import type { ImageEvaluation } from '../../index.js';
import { defineCommand } from '../define.js';
import { argument, option } from '../options.js';
import { oneOf } from '../parsers.js';
import { evaluationOptions, withRunOptions } from '../run-options.js';
import { testTimeAugment } from '../shared-options.js';
import { percent } from '../terminal.js';

export const evaluate = defineCommand({
  name: 'evaluate',
  description:
    'Metrics of a trained run over every sample of a split: report, evaluation.json and .csv, confusion.svg, roc.svg and .csv.',
  alsoCalled: ['test', 'eval', 'score', 'validate'],
  arguments: [argument('<run>', 'run folder')],
  options: [
    option('--split <split>', splits.join(', '), { parse: oneOf(splits), default: 'test' }),
    ...evaluationOptions,
    testTimeAugment,
  ],
  async action([run], { split, testTimeAugment: kind, ...chosen }, terminal) {
    const { boxReport, classificationReport, evaluateTask, maskReport, writeEvaluation } = await import(
      '../../index.js'
    );
    const evaluation = await withRunOptions(chosen, terminal, (options) =>
      evaluateTask({ run, split, testTimeAugment: kind, ...options }),
    );
    const files = await writeEvaluation(evaluation, run);
    if (evaluation.kind !== 'classes') {
      const type = recordTypes[evaluation.kind];
      terminal.record({ type, split, loss: evaluation.loss, ...evaluation.metrics });
      terminal.line(
        evaluation.kind === 'masks'
          ? maskReport(evaluation)
          : evaluation.kind === 'boxes'
            ? boxReport(evaluation)
            : imageReport(evaluation),
      );
      terminal.line(`written: ${files.join(', ')}`);
      return;
    }
    const { loss, metrics, classes } = evaluation;
    terminal.record({ type: 'evaluation', split, ...(kind && { testTimeAugment: kind }), loss, ...metrics });
    terminal.line(classificationReport(metrics, classes));
    const more = [
      `loss ${loss.toFixed(4)}`,
      `accuracy ${percent(metrics.accuracy)}`,
      ...Object.entries(metrics.topK).map(([k, share]) => `top-${k} ${percent(share)}`),
      `kappa ${metrics.cohenKappa.toFixed(4)}`,
      `Matthews ${metrics.matthews.toFixed(4)}`,
      ...(metrics.ranking === undefined ? [] : [`ROC AUC ${metrics.ranking.rocAuc.toFixed(4)}`]),
    ];
    terminal.line(more.join('  '));
    terminal.line(`written: ${files.join(', ')}`);
  },
});

/** Records of evaluations by what a run was trained for. */
const recordTypes = { masks: 'mask-evaluation', boxes: 'box-evaluation', images: 'image-evaluation' } as const;

function imageReport({ loss, metrics }: ImageEvaluation): string {
  const { meanSquaredError, psnr, ssim } = metrics;
  return `loss ${loss.toFixed(4)}  mean squared error ${meanSquaredError.toExponential(3)}  PSNR ${psnr.toFixed(2)} dB  SSIM ${ssim.toFixed(4)}`;
}
