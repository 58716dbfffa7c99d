import { join } from 'node:path';
import { writeFileAtomic } from '../base/atomic-file.js';
import type { BoxTargets, Split, StepSpec } from '../contracts/index.js';
import type { CocoSummary } from '../metrics/detection/index.js';
import { detectionResult, detectionsIn } from '../training/index.js';

/** A detection in the format of COCO's result files. */
export interface CocoDetection {
  /** Place of the image in the split, from 1. */
  readonly image_id: number;
  /** Place of the class, from 1. */
  readonly category_id: number;
  /** Left, top, width, height in pixels. */
  readonly bbox: readonly [number, number, number, number];
  readonly score: number;
}

/** Scores of a detector over every sample of a split. */
export interface BoxEvaluation {
  readonly kind: 'boxes';
  readonly split: Split;
  readonly loss: number;
  readonly classes: readonly string[];
  readonly metrics: CocoSummary & {
    /** Of each class alone. */
    readonly perClass: readonly CocoSummary[];
    /** Objects of each class, those to be ignored left out. */
    readonly objects: readonly number[];
  };
  readonly detections: readonly CocoDetection[];
}

/**
 * Scores of a detector, as COCO computes them.
 *
 * @param outputs [count, points x (4 + classes)] in file order.
 */
export function evaluateBoxes(
  outputs: Float32Array,
  targets: BoxTargets,
  spec: Pick<StepSpec, 'classes' | 'image' | 'loss'>,
  { split, loss, classes }: Pick<BoxEvaluation, 'split' | 'loss' | 'classes'>,
): BoxEvaluation {
  const images = detectionsIn(outputs, targets, spec);
  const { summary, perClass } = detectionResult(images, classes.length);
  const objects = classes.map(() => 0);
  for (const { truths } of images) {
    for (let row = 0; row < truths.classes.length; row++) {
      const label = truths.classes[row] as number;
      if (truths.crowd?.[row] !== 1) objects[label] = (objects[label] ?? 0) + 1;
    }
  }
  const detections = images.flatMap(({ detections: { boxes, classes: labels, scores } }, place) =>
    Array.from(labels, (label, row): CocoDetection => {
      const [left = 0, top = 0, width = 0, height = 0] = boxes.subarray(row * 4, row * 4 + 4);
      return {
        image_id: place + 1,
        category_id: label + 1,
        bbox: [left, top, width, height],
        score: scores[row] as number,
      };
    }),
  );
  return { kind: 'boxes', split, loss, classes, metrics: { ...summary, perClass, objects }, detections };
}

/** A table of each class's average precision, and COCO's figures, as lines of text. */
export function boxReport({ metrics, classes, loss }: BoxEvaluation): string {
  const width = Math.max(9, ...classes.map((name) => name.length));
  const share = (value: number | undefined): string =>
    (value === undefined || Number.isNaN(value) ? '-' : value.toFixed(4)).padStart(10);
  const row = (name: string, { ap, ap50, ap75 }: CocoSummary, objects: number): string =>
    `${name.padEnd(width)}${[ap, ap50, ap75].map(share).join('')}${`${objects}`.padStart(10)}`;
  const total = metrics.objects.reduce((sum, count) => sum + count, 0);
  const { apSmall, apMedium, apLarge, ar1, ar10, ar100 } = metrics;
  return [
    `${''.padEnd(width)}${['AP', 'AP50', 'AP75', 'objects'].map((title) => title.padStart(10)).join('')}`,
    ...classes.map((name, label) => row(name, metrics.perClass[label] as CocoSummary, metrics.objects[label] ?? 0)),
    row('all', metrics, total),
    `loss ${loss.toFixed(4)}  AP of small, medium and large objects${[apSmall, apMedium, apLarge].map(share).join('')}`,
    `recall with 1, 10 and 100 detections an image${[ar1, ar10, ar100].map(share).join('')}`,
  ].join('\n');
}

/**
 * Writes `evaluation.json`, `evaluation.csv` with a row for each class, and `detections.json` in the format of COCO's results:
 * image_id and category_id count from 1 in the order of images and classes.
 *
 * @returns the files.
 * @throws ConvoyError `CONVOY_DISK`.
 */
export async function writeBoxEvaluation(
  { split, loss, classes, metrics, detections }: BoxEvaluation,
  folder: string,
): Promise<string[]> {
  const files = ['evaluation.json', 'evaluation.csv', 'detections.json'].map((name) => join(folder, name));
  const [json, csv, found] = files as [string, string, string];
  await writeFileAtomic(json, [`${JSON.stringify({ split, loss, classes, ...metrics }, undefined, 2)}\n`]);
  const quoted = (name: string): string => (/[",\n]/.test(name) ? `"${name.replaceAll('"', '""')}"` : name);
  const rows = classes.map((name, label) => {
    const { ap, ap50, ap75 } = metrics.perClass[label] as CocoSummary;
    return [quoted(name), ap, ap50, ap75, metrics.objects[label]].join(',');
  });
  await writeFileAtomic(csv, [`class,ap,ap50,ap75,objects\n${rows.join('\n')}\n`]);
  await writeFileAtomic(found, [`${JSON.stringify(detections)}\n`]);
  return files;
}
