import { join } from 'node:path';
import { writeFileAtomic } from '../base/atomic-file.js';
import { csvField } from '../base/csv.js';
import type { Split } from '../contracts/index.js';
import { countPixels, type SegmentationScores, segmentationScores } from '../metrics/segmentation/index.js';

/** Scores of a run with masks over every sample of a split. */
export interface MaskEvaluation {
  readonly kind: 'masks';
  readonly split: Split;
  readonly loss: number;
  readonly classes: readonly string[];
  readonly metrics: SegmentationScores & {
    /** Pixels of each class: row truth, column prediction. */
    readonly confusion: readonly (readonly number[])[];
  };
}

/**
 * Scores of predicted masks.
 *
 * @param predicted class of each pixel, all images behind each other.
 * @param truth likewise; 255 does not count.
 */
export function evaluateMasks(
  predicted: Float32Array,
  truth: Uint8Array,
  { split, loss, classes }: Pick<MaskEvaluation, 'split' | 'loss' | 'classes'>,
): MaskEvaluation {
  const size = classes.length;
  const counts = new Float64Array(size ** 2);
  countPixels(counts, predicted, truth, { classes: size });
  const confusion = classes.map((_, label) => [...counts.subarray(label * size, (label + 1) * size)]);
  return { kind: 'masks', split, loss, classes, metrics: { ...segmentationScores(counts, size), confusion } };
}

/** A table of each class's scores, and their means, as lines of text. */
export function maskReport({ metrics, classes, loss }: MaskEvaluation): string {
  const width = Math.max(9, ...classes.map((name) => name.length));
  const share = (value: number | undefined): string =>
    value === undefined || Number.isNaN(value) ? '-'.padStart(10) : value.toFixed(4).padStart(10);
  const row = (name: string, ...values: (number | undefined)[]): string =>
    `${name.padEnd(width)}${values.map(share).join('')}`;
  const pixels = metrics.confusion.map((own) => own.reduce((sum, count) => sum + count, 0));
  return [
    `${''.padEnd(width)}${'IoU'.padStart(10)}${'Dice'.padStart(10)}${'pixels'.padStart(10)}`,
    ...classes.map(
      (name, label) =>
        `${row(name, metrics.iouPerClass[label], metrics.dicePerClass[label])}${`${pixels[label]}`.padStart(10)}`,
    ),
    `${row('mean', metrics.meanIou, metrics.meanDice)}${`${metrics.pixels}`.padStart(10)}`,
    `loss ${loss.toFixed(4)}  pixel accuracy ${(100 * metrics.pixelAccuracy).toFixed(2)} %`,
  ].join('\n');
}

/**
 * Writes `evaluation.json`, `evaluation.csv` with a row for each class, and `confusion.svg` of pixels.
 *
 * @returns the files.
 * @throws ConvoyError `CONVOY_DISK`.
 */
export async function writeMaskEvaluation(
  { split, loss, classes, metrics }: MaskEvaluation,
  folder: string,
): Promise<string[]> {
  const { confusionChart } = await import('../plots/index.js'); // its library takes most of a second to load
  const files = ['evaluation.json', 'evaluation.csv', 'confusion.svg'].map((name) => join(folder, name));
  const [json, csv, chart] = files as [string, string, string];
  await writeFileAtomic(json, [`${JSON.stringify({ split, loss, classes, ...metrics }, undefined, 2)}\n`]);
  const rows = classes.map((name, label) => [csvField(name), metrics.iouPerClass[label], metrics.dicePerClass[label]]);
  await writeFileAtomic(csv, [`class,iou,dice\n${rows.map((row) => row.join(',')).join('\n')}\n`]);
  await confusionChart(metrics.confusion, classes).write(chart);
  return files;
}
