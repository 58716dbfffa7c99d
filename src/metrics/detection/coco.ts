/**
 * Mean average precision of detections as COCO defines it, number for number as pycocotools' `COCOeval`. Lin et al. 2014,
 * arXiv 1405.0312.
 */

import { refuseNaN } from '../finite.js';
import {
  type AreaRange,
  boxOverlaps,
  classInImage,
  type ImageMatches,
  matchImage,
  type OverlapOf,
} from './coco-match.js';
import { type CocoCurves, type CocoSummary, summarize } from './coco-summary.js';
import type { ScoredImage } from './contract.js';

/** Options of `cocoEvaluate`. */
export interface CocoOptions {
  /** Number of classes. */
  readonly classes: number;
  /** Overlaps from which on a detection finds an object, rising; 0.5 to 0.95 in steps of 0.05 by default. */
  readonly thresholds?: readonly number[];
  /** How two regions overlap; intersection over union of boxes by default, of masks for segmentation. */
  readonly overlaps?: OverlapOf;
}

/** Scores of a detector. */
export interface CocoResult {
  /** The twelve figures that COCO lists. */
  readonly summary: CocoSummary;
  /** The same of each class alone. */
  readonly perClass: readonly CocoSummary[];
  readonly curves: CocoCurves;
}

/** As NumPy's linspace computes them, for thresholds that IoUs meet exactly. */
const evenly = (least: number, step: number, count: number): number[] =>
  Array.from({ length: count }, (_, i) => i * step + least);
const usualThresholds = [...evenly(0.5, (0.95 - 0.5) / 9, 9), 0.95];
const recalls = [...evenly(0, 1 / 100, 100), 1];
/** All, small, medium, large. */
const areaRanges: readonly AreaRange[] = [
  [0, 1e5 ** 2],
  [0, 32 ** 2],
  [32 ** 2, 96 ** 2],
  [96 ** 2, 1e5 ** 2],
];
/** Most detections of an image and class that count. */
const limits = [1, 10, 100] as const;
/** Keeps 0 / 0 away: NumPy's spacing(1). */
const spacing = 2 ** -52;

/**
 * Scores detections of all classes in all images.
 *
 * @param images in the order of their numbers: of equal scores the earlier image's detection counts as higher.
 * @throws ConvoyError `CONVOY_DIVERGED` for scores that are NaN.
 */
export function cocoEvaluate(images: readonly ScoredImage[], options: CocoOptions): CocoResult {
  const { classes, thresholds = usualThresholds, overlaps = boxOverlaps } = options;
  for (const { detections } of images) refuseNaN(detections.scores, 'detections');
  const sizes = [thresholds.length, recalls.length, classes, areaRanges.length, limits.length] as const;
  const precision = new Float64Array(sizes.reduce((product, size) => product * size, 1)).fill(Number.NaN);
  const recall = new Float64Array(precision.length / recalls.length).fill(Number.NaN);
  for (let k = 0; k < classes; k++) {
    const found = images.flatMap((image) => classInImage(image, k, limits[2], overlaps) ?? []);
    areaRanges.forEach((range, a) => {
      const matches = found.map((inImage) => matchImage(inImage, range, thresholds));
      const objects = matches.reduce((sum, part) => sum + part.objects, 0);
      if (objects === 0) return;
      limits.forEach((limit, m) => {
        const order = ranked(matches, limit);
        for (let t = 0; t < thresholds.length; t++) {
          const curve = precisionCurve(matches, order, t, objects);
          recall[((t * classes + k) * areaRanges.length + a) * limits.length + m] = curve.recall;
          curve.precision.forEach((value, r) => {
            const place = ((t * recalls.length + r) * classes + k) * areaRanges.length + a;
            precision[place * limits.length + m] = value;
          });
        }
      });
    });
  }
  const curves: CocoCurves = { sizes, thresholds, precision, recall };
  const perClass = Array.from({ length: classes }, (_, k) => summarize(curves, k));
  return { summary: summarize(curves), perClass, curves };
}

/** A detection: image and place in it. */
type Ranked = readonly [part: number, detection: number];

/** The first detections of each image, all by falling score. */
function ranked(matches: readonly ImageMatches[], limit: number): Ranked[] {
  const all = matches.flatMap(({ scores }, part) =>
    Array.from({ length: Math.min(limit, scores.length) }, (_, d): Ranked => [part, d]),
  );
  const score = ([part, d]: Ranked): number => matches[part]?.scores[d] as number;
  return all.sort((a, b) => score(b) - score(a));
}

function precisionCurve(
  matches: readonly ImageMatches[],
  order: readonly Ranked[],
  threshold: number,
  objects: number,
): { precision: Float64Array; recall: number } {
  let [right, wrong] = [0, 0];
  const recallAt: number[] = [];
  const precisionAt: number[] = [];
  for (const [part, d] of order) {
    const { scores, matched, ignored } = matches[part] as ImageMatches;
    const at = threshold * scores.length + d;
    if (ignored[at] === 0) {
      if (matched[at] === 1) right++;
      else wrong++;
    }
    recallAt.push(right / objects);
    precisionAt.push(right / (wrong + right + spacing));
  }
  // The best precision at this recall or a higher one.
  for (let i = precisionAt.length - 1; i > 0; i--) {
    precisionAt[i - 1] = Math.max(precisionAt[i - 1] as number, precisionAt[i] as number);
  }
  const precision = new Float64Array(recalls.length);
  let place = 0;
  recalls.forEach((wanted, r) => {
    while (place < recallAt.length && (recallAt[place] as number) < wanted) place++;
    precision[r] = precisionAt[place] ?? 0;
  });
  return { precision, recall: recallAt.at(-1) ?? 0 };
}
