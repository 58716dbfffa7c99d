/** What a detector takes for what, at one IoU and one score. */
import { boxOverlaps } from './coco-match.js';
import type { ScoredImage } from './contract.js';

export interface DetectionConfusion {
  /** By [true class][predicted class]; the last of each is nothing: missed objects, and detections of no object. */
  readonly table: readonly (readonly number[])[];
  /** Of each image: objects that no detection of their class finds, and detections that find no object of theirs. */
  readonly mistakes: readonly { readonly missed: number; readonly wrong: number }[];
}

/**
 * Counts what detections find. Detections, the highest score first, each find the object that they overlap most of those not found
 * yet, whatever its class. One that finds none but overlaps a region to ignore does not count.
 *
 * @param classes number of classes.
 * @param least score of detections that count, and IoU from which on one finds an object.
 */
export function detectionConfusion(
  images: readonly ScoredImage[],
  classes: number,
  least: { readonly score: number; readonly overlap: number },
): DetectionConfusion {
  const table = Array.from({ length: classes + 1 }, () => new Array<number>(classes + 1).fill(0));
  const count = (truth: number, said: number): void => {
    const row = table[truth] as number[];
    row[said] = (row[said] ?? 0) + 1;
  };
  const mistakes = images.map((image) => {
    const own = { missed: 0, wrong: 0 };
    const { truths, detections } = image;
    const truthRows = Array.from(truths.classes, (_, row) => row);
    const regions = truthRows.filter((row) => truths.crowd?.[row] === 1);
    const left = new Set(truthRows.filter((row) => !regions.includes(row)));
    const score = (row: number): number => detections.scores[row] as number;
    const rows = Array.from(detections.classes, (_, row) => row).filter((row) => score(row) >= least.score);
    for (const row of rows.sort((a, b) => score(b) - score(a))) {
      const said = detections.classes[row] as number;
      const best = mostOverlapping(image, row, [...left], least.overlap);
      if (best === undefined) {
        if (mostOverlapping(image, row, regions, least.overlap) !== undefined) continue;
        count(classes, said);
        own.wrong += 1;
        continue;
      }
      left.delete(best);
      const truth = truths.classes[best] as number;
      count(truth, said);
      if (truth === said) continue;
      own.wrong += 1;
      own.missed += 1;
    }
    for (const row of left) count(truths.classes[row] as number, classes);
    own.missed += left.size;
    return own;
  });
  return { table, mistakes };
}

function mostOverlapping(
  image: ScoredImage,
  row: number,
  truths: readonly number[],
  least: number,
): number | undefined {
  const overlaps = Array.from(boxOverlaps(image, [row], truths));
  const largest = Math.max(...overlaps);
  return largest >= least ? truths[overlaps.indexOf(largest)] : undefined;
}
