/** Precision and recall of all settings. */
export interface CocoCurves {
  /** T, R, K, A, M: 10 thresholds, 101 recalls, classes, 4 ranges of areas, 3 numbers of detections by default. */
  readonly sizes: readonly [thresholds: number, recalls: number, classes: number, areas: number, limits: number];
  readonly thresholds: readonly number[];
  /** [T, R, K, A, M]; NaN where a class has no object (pycocotools says -1). */
  readonly precision: Float64Array;
  /** [T, K, A, M]; NaN as above. */
  readonly recall: Float64Array;
}

/** The twelve figures of COCO, 0 to 1; NaN where there is no object of that size (pycocotools says -1). */
export interface CocoSummary {
  /** Average precision over all thresholds, at 0.5 and at 0.75, at most 100 detections an image and class. */
  readonly ap: number;
  readonly ap50: number;
  readonly ap75: number;
  /** Of objects of less than 32x32 pixels, up to 96x96, and larger ones. */
  readonly apSmall: number;
  readonly apMedium: number;
  readonly apLarge: number;
  /** Average recall over all thresholds with 1, 10 and 100 detections. */
  readonly ar1: number;
  readonly ar10: number;
  readonly ar100: number;
  readonly arSmall: number;
  readonly arMedium: number;
  readonly arLarge: number;
}

/** The figures of all classes, or of one. A threshold that was not asked for gives NaN. */
export function summarize({ sizes, thresholds, precision, recall }: CocoCurves, onlyClass?: number): CocoSummary {
  const [, recalls, classes, areas, limits] = sizes;
  const mean = (
    values: Float64Array,
    perThreshold: number,
    area: number,
    limit: number,
    threshold?: number,
  ): number => {
    let [sum, count] = [0, 0];
    for (let at = area * limits + limit; at < values.length; at += areas * limits) {
      const ofClass = Math.floor(at / (areas * limits)) % classes;
      if (onlyClass !== undefined && ofClass !== onlyClass) continue;
      const t = Math.floor(at / (perThreshold * classes * areas * limits));
      const value = values[at] as number;
      if (Number.isNaN(value) || (threshold !== undefined && thresholds[t] !== threshold)) continue;
      sum += value;
      count++;
    }
    return sum / count;
  };
  const ap = (area = 0, threshold?: number): number => mean(precision, recalls, area, limits - 1, threshold);
  const ar = (area: number, limit = limits - 1): number => mean(recall, 1, area, limit);
  return {
    ...{ ap: ap(), ap50: ap(0, 0.5), ap75: ap(0, 0.75), apSmall: ap(1), apMedium: ap(2), apLarge: ap(3) },
    ...{ ar1: ar(0, 0), ar10: ar(0, 1), ar100: ar(0), arSmall: ar(1), arMedium: ar(2), arLarge: ar(3) },
  };
}
