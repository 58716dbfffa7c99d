/** Scores of a model over a test set. */
import { valueError } from '../base/errors.js';
import type { Dataset } from '../contracts/index.js';
import { type AnnotatedImage, readIndexMask } from '../data/annotations/index.js';
import { resizeMask } from '../masks/index.js';
import { type AnomalyMap, areaUnderRoc, regionOverlap } from '../metrics/anomaly/index.js';
import type { Size } from './contract.js';
import type { AnomalyModel } from './model.js';

/** How well normal and anomalous images are told apart. */
export interface AnomalyEvaluation {
  readonly normal: number;
  readonly anomalous: number;
  /** Area under the ROC curve of images' scores, 0 to 1; NaN without normal or without anomalous images. */
  readonly imageAuroc: number;
  /** The same of all pixels, where there are masks. */
  readonly pixelAuroc?: number;
  /** Overlap per region up to 30% false positives (Bergmann et al. 2021), where there are masks. */
  readonly regionOverlap?: number;
  /** Share of the normal images above the threshold, and of the anomalous ones. */
  readonly falseAlarms: number;
  readonly found: number;
}

/**
 * Evaluates on images of classes, one of which is normal.
 *
 * @throws ConvoyError `CONVOY_OPTION` for a class that the dataset does not have.
 */
export async function evaluateClasses(
  model: AnomalyModel,
  dataset: Dataset,
  normal: string,
): Promise<AnomalyEvaluation> {
  const label = classOf(dataset, normal);
  const positive = Uint8Array.from(labelsOf(dataset), (own) => (own === label ? 0 : 1));
  const scores = new Float64Array(dataset.count);
  let place = 0;
  for await (const { score } of model.each(dataset)) scores[place++] = score;
  return imageScores(scores, positive, model.threshold);
}

/** Places of the samples of a class. @throws ConvoyError `CONVOY_OPTION` for a class that the dataset does not have. */
export function samplesOfClass(dataset: Dataset, name: string): Uint32Array {
  const label = classOf(dataset, name);
  const labels = labelsOf(dataset);
  return Uint32Array.from(Array.from(labels.keys()).filter((place) => labels[place] === label));
}

/**
 * Evaluates on images with masks of their defects, as MVTec's: `good` is normal. Maps and masks are compared at the network's size.
 *
 * @throws ConvoyError `CONVOY_DATA` for a file that cannot be decoded.
 */
export async function evaluateDefects(
  model: AnomalyModel,
  images: readonly AnnotatedImage[],
): Promise<AnomalyEvaluation> {
  const scores = new Float64Array(images.length);
  const positive = Uint8Array.from(images, ({ label }) => (label === 'good' ? 0 : 1));
  const { height, width } = model.image;
  const maps: AnomalyMap[] = [];
  let place = 0;
  for await (const { score, map } of model.each(images.map(({ file }) => file))) {
    const defects = defectsOf(images[place] as AnnotatedImage, { height, width });
    maps.push({ height, width, scores: Float32Array.from(map), ...(defects && { defects }) });
    scores[place++] = score;
  }
  return { ...imageScores(scores, positive, model.threshold), ...pixelScores(maps) };
}

/** The mask at another size. */
function defectsOf({ mask, width, height }: AnnotatedImage, size: Size): Uint8Array | undefined {
  if (mask === undefined) return undefined;
  const own = readIndexMask(mask, { width, height });
  const resized = new Uint8Array(size.height * size.width);
  resizeMask(own, width, { left: 0, top: 0, width, height }, size, resized);
  return resized;
}

function pixelScores(maps: readonly AnomalyMap[]): Pick<AnomalyEvaluation, 'pixelAuroc' | 'regionOverlap'> {
  if (maps.every(({ defects }) => defects === undefined)) return {};
  const each = maps[0]?.scores.length ?? 0;
  const scores = new Float32Array(maps.length * each);
  const positive = new Uint8Array(maps.length * each);
  for (const [place, map] of maps.entries()) {
    scores.set(map.scores, place * each);
    if (map.defects !== undefined) positive.set(map.defects, place * each);
  }
  return { pixelAuroc: areaUnderRoc(scores, positive), regionOverlap: regionOverlap(maps).area };
}

function imageScores(scores: Float64Array, positive: Uint8Array, threshold: number): AnomalyEvaluation {
  const count = (wanted: number, above = false): number =>
    scores.reduce((sum, score, place) => {
      return sum + (positive[place] === wanted && (!above || score > threshold) ? 1 : 0);
    }, 0);
  const [normal, anomalous] = [count(0), count(1)];
  return {
    normal,
    anomalous,
    imageAuroc: areaUnderRoc(scores, positive),
    falseAlarms: count(0, true) / normal,
    found: count(1, true) / anomalous,
  };
}

function classOf({ classes, name }: Dataset, wanted: string): number {
  const label = classes.indexOf(wanted);
  if (label < 0) throw valueError('normal', `a class of ${name}: ${classes.join(', ')}`, wanted);
  return label;
}

function labelsOf({ targets, name }: Dataset): Int32Array {
  if (targets.kind !== 'classes') throw valueError('the dataset', 'one class for each image', name);
  return targets.labels;
}
