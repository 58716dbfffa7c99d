/** Average precision of detections as Pascal VOC defines it. Everingham et al. 2010 and 2015; `VOCevaldet` of its development kit. */
import { refuseNaN } from '../finite.js';
import { boxOverlap, rowsOfClass, type ScoredImage } from './contract.js';

/** Options of `vocEvaluate`. */
export interface VocOptions {
  readonly classes: number;
  /** Overlap from which on a detection finds an object; 0.5 by default. */
  readonly threshold?: number;
  /**
   * Where precision is taken: `eleven` recalls of 0 to 1 (the challenges up to 2009), or at `all` recalls that occur (from
   * 2010 on, the default).
   */
  readonly points?: 'eleven' | 'all';
}

/** Scores of a detector. */
export interface VocResult {
  /** Mean over the classes that have objects to be found. */
  readonly meanAveragePrecision: number;
  /** Of each class; NaN without such an object. */
  readonly averagePrecision: readonly number[];
  /** Of each class by falling score; difficult objects and what found them are left out. */
  readonly curves: readonly { readonly precision: readonly number[]; readonly recall: readonly number[] }[];
}

/**
 * Scores detections of all classes in all images. Each detection, by falling score, is held against the object of its class
 * that it overlaps most: right the first time, wrong when the object was found before, not counted when it is difficult.
 *
 * @throws ConvoyError `CONVOY_DIVERGED` for scores that are NaN.
 */
export function vocEvaluate(images: readonly ScoredImage[], options: VocOptions): VocResult {
  const { classes, threshold = 0.5, points = 'all' } = options;
  for (const { detections } of images) refuseNaN(detections.scores, 'detections');
  const curves = Array.from({ length: classes }, (_, k) => classCurve(images, k, threshold));
  const averagePrecision = curves.map(({ precision, recall, objects }) =>
    objects === 0 ? Number.NaN : points === 'eleven' ? elevenPoints(precision, recall) : allPoints(precision, recall),
  );
  const defined = averagePrecision.filter((value) => !Number.isNaN(value));
  const meanAveragePrecision = defined.reduce((sum, value) => sum + value, 0) / defined.length;
  return { meanAveragePrecision, averagePrecision, curves };
}

function classCurve(
  images: readonly ScoredImage[],
  classIndex: number,
  threshold: number,
): { precision: number[]; recall: number[]; objects: number } {
  const truthRows = images.map(({ truths }) => rowsOfClass(truths.classes, classIndex));
  const isDifficult = (image: number, row: number): boolean => images[image]?.truths.difficult?.[row] === 1;
  const objects = truthRows.flatMap((rows, image) => rows.filter((row) => !isDifficult(image, row))).length;
  const found = images.map(({ truths }) => new Uint8Array(truths.classes.length));
  const detections = images
    .flatMap(({ detections: { classes, scores } }, image) =>
      rowsOfClass(classes, classIndex).map((row) => ({ image, row, score: scores[row] as number })),
    )
    .sort((a, b) => b.score - a.score);
  let [right, wrong] = [0, 0];
  const precision: number[] = [];
  const recall: number[] = [];
  for (const { image, row } of detections) {
    const { truths, detections: own } = images[image] as ScoredImage;
    let [best, most] = [-1, 0];
    for (const truth of truthRows[image] as number[]) {
      const overlap = boxOverlap(own.boxes, row, truths.boxes, truth, false);
      if (overlap > most) [best, most] = [truth, overlap];
    }
    const finds = best >= 0 && most >= threshold;
    if (finds && isDifficult(image, best)) continue;
    const isNew = finds && found[image]?.[best] === 0;
    if (isNew) (found[image] as Uint8Array)[best] = 1;
    if (isNew) right++;
    else wrong++;
    recall.push(right / objects);
    precision.push(right / (right + wrong));
  }
  return { precision, recall, objects };
}

function elevenPoints(precision: readonly number[], recall: readonly number[]): number {
  let sum = 0;
  for (let i = 0; i <= 10; i++) {
    sum += precision.reduce((best, value, at) => ((recall[at] as number) >= i / 10 ? Math.max(best, value) : best), 0);
  }
  return sum / 11;
}

/** Area under the curve of the best precision at each recall or a higher one. */
function allPoints(precision: readonly number[], recall: readonly number[]): number {
  let [area, best] = [0, 0];
  for (let at = precision.length - 1; at >= 0; at--) {
    best = Math.max(best, precision[at] as number);
    area += best * ((recall[at] as number) - (recall[at - 1] ?? 0));
  }
  return area;
}
