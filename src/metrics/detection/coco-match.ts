/** Which detections of an image find an object, as pycocotools' `COCOeval.evaluateImg`. */
import { areaAt, boxOverlap, rowsOfClass, type ScoredImage } from './contract.js';

/** Least and largest area, square pixels, both included. */
export type AreaRange = readonly [least: number, most: number];

/** Overlaps of one image: [detections, truths] for these rows; over the detection's area for crowds. */
export type OverlapOf = (
  image: ScoredImage,
  detections: readonly number[],
  truths: readonly number[],
) => ArrayLike<number>;

/** Objects and detections of one class in one image, detections by falling score. */
export interface ClassInImage {
  readonly scores: readonly number[];
  readonly detectionAreas: readonly number[];
  readonly truthAreas: readonly number[];
  readonly crowd: readonly boolean[];
  /** [detections, truths]. */
  readonly overlaps: ArrayLike<number>;
}

/** Matches of one class in one image for one range of areas. */
export interface ImageMatches {
  readonly scores: readonly number[];
  /** [thresholds, detections]: 1 where an object was found. */
  readonly matched: Uint8Array;
  /** [thresholds, detections]: 1 where the detection is not counted at all. */
  readonly ignored: Uint8Array;
  /** Objects to be found. */
  readonly objects: number;
}

/** Intersection over union of boxes. */
export const boxOverlaps: OverlapOf = ({ detections, truths }, rows, truthRows) =>
  Float64Array.from({ length: rows.length * truthRows.length }, (_, at) => {
    const truth = truthRows[at % truthRows.length] as number;
    const row = rows[Math.floor(at / truthRows.length)] as number;
    return boxOverlap(detections.boxes, row, truths.boxes, truth, truths.crowd?.[truth] === 1);
  });

/** What one class has in an image; undefined where it has nothing. Of the detections, the `most` of highest score. */
export function classInImage(
  image: ScoredImage,
  classIndex: number,
  most: number,
  overlapOf: OverlapOf,
): ClassInImage | undefined {
  const { truths, detections } = image;
  const truthRows = rowsOfClass(truths.classes, classIndex);
  const score = (row: number): number => detections.scores[row] as number;
  // Array.prototype.sort is stable, as the merge sort of pycocotools.
  const rows = rowsOfClass(detections.classes, classIndex)
    .sort((a, b) => score(b) - score(a))
    .slice(0, most);
  if (truthRows.length === 0 && rows.length === 0) return undefined;
  return {
    scores: rows.map(score),
    detectionAreas: rows.map((row) => detections.areas?.[row] ?? areaAt(detections.boxes, row)),
    truthAreas: truthRows.map((row) => truths.areas?.[row] ?? areaAt(truths.boxes, row)),
    crowd: truthRows.map((row) => truths.crowd?.[row] === 1),
    overlaps: overlapOf(image, rows, truthRows),
  };
}

/**
 * Matches detections with objects. Each detection in turn, by falling score, takes the object that it overlaps most, at least
 * by the threshold, of those that are not taken; of equal overlaps the later one. Crowds and objects outside the range of
 * areas are taken only where no other fits, and then the detection is not counted; a crowd can be taken again.
 */
export function matchImage(found: ClassInImage, range: AreaRange, thresholds: readonly number[]): ImageMatches {
  const { scores, detectionAreas, truthAreas, crowd, overlaps } = found;
  const outside = (area: number): boolean => area < range[0] || area > range[1];
  const isIgnored = truthAreas.map((area, g) => crowd[g] === true || outside(area));
  const all = [...truthAreas.keys()];
  const order = [...all.filter((g) => !isIgnored[g]), ...all.filter((g) => isIgnored[g])];
  const count = scores.length;
  const matched = new Uint8Array(thresholds.length * count);
  const ignored = new Uint8Array(thresholds.length * count);
  thresholds.forEach((threshold, t) => {
    const taken = new Uint8Array(all.length);
    for (let d = 0; d < count; d++) {
      let best = -1;
      let least = Math.min(threshold, 1 - 1e-10); // the constant of pycocotools: boxes that are equal match at 1
      for (const g of order) {
        if (taken[g] === 1 && !crowd[g]) continue;
        if (best >= 0 && !isIgnored[best] && isIgnored[g]) break;
        const overlap = overlaps[d * all.length + g] as number;
        if (overlap < least) continue;
        least = overlap;
        best = g;
      }
      const at = t * count + d;
      if (best < 0) {
        ignored[at] = Number(outside(detectionAreas[d] as number));
        continue;
      }
      taken[best] = 1;
      matched[at] = 1;
      ignored[at] = Number(isIgnored[best]);
    }
  });
  return { scores, matched, ignored, objects: isIgnored.filter((is) => !is).length };
}
