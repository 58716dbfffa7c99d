/** Overlap per region: how much of each defect is found, whatever its size. */
import { connectedComponents } from '../../masks/index.js';
import { refuseNaN } from '../finite.js';

/** An image of a test set. */
export interface AnomalyMap {
  readonly height: number;
  readonly width: number;
  /** [height, width], higher means more anomalous. */
  readonly scores: Float32Array | Float64Array;
  /** [height, width], 0 where the image is normal; undefined for an image without a defect. */
  readonly defects?: Uint8Array;
}

/** The curve and its area. */
export interface RegionOverlap {
  /** Area under the curve up to the limit, divided by the limit: 0 to 1; NaN without a defect or without a normal pixel. */
  readonly area: number;
  /** Defects: connected components (8 neighbours) of all images. */
  readonly regions: number;
}

/** A score and what a threshold at or below it adds to the curve. */
interface Defective {
  readonly score: number;
  readonly share: number;
}

/**
 * PRO: the mean share of each defect's pixels at or above a threshold, over the share of normal pixels there, for every
 * threshold, up to a limit of the latter. Bergmann et al. 2021 (MVTec AD, International Journal of Computer Vision 129),
 * section 5.3: the point at the limit is interpolated.
 *
 * @param limit largest share of normal pixels; 0.3 by default.
 * @throws ConvoyError `CONVOY_DIVERGED` for scores that are NaN.
 */
export function regionOverlap(images: readonly AnomalyMap[], limit = 0.3): RegionOverlap {
  const defective: Defective[] = [];
  const normalParts: (Float32Array | Float64Array)[] = [];
  let regions = 0;
  for (const { height, width, scores, defects } of images) {
    refuseNaN(scores, 'pixels');
    if (defects === undefined) {
      normalParts.push(scores);
      continue;
    }
    normalParts.push(scores.filter((_, pixel) => defects[pixel] === 0));
    const { labels, areas } = connectedComponents({ height, width, data: defects }, 8);
    regions += areas.length;
    labels.forEach((label, pixel) => {
      if (label > 0) defective.push({ score: scores[pixel] as number, share: 1 / (areas[label - 1] as number) });
    });
  }
  const normal = new Float64Array(normalParts.reduce((sum, { length }) => sum + length, 0));
  let filled = 0;
  for (const part of normalParts) {
    normal.set(part, filled);
    filled += part.length;
  }
  if (regions === 0 || normal.length === 0) return { area: Number.NaN, regions };
  normal.sort().reverse();
  defective.sort((a, b) => b.score - a.score);
  return { area: areaUpTo(limit, defective, regions, normal) / limit, regions };
}

function areaUpTo(limit: number, defective: readonly Defective[], regions: number, normal: Float64Array): number {
  let [x, y, area] = [0, 0, 0];
  let [i, j, shares] = [0, 0, 0];
  while (x < limit && (i < defective.length || j < normal.length)) {
    const score = Math.max(defective[i]?.score ?? Number.NEGATIVE_INFINITY, normal[j] ?? Number.NEGATIVE_INFINITY);
    for (; defective[i]?.score === score; i++) shares += defective[i]?.share ?? 0;
    while (normal[j] === score) j++;
    const [nextX, nextY] = [j / normal.length, shares / regions];
    const end = Math.min(limit, nextX);
    const endY = nextX === x ? nextY : y + ((nextY - y) * (end - x)) / (nextX - x);
    area += ((end - x) * (y + endY)) / 2;
    [x, y] = [nextX, nextY];
  }
  return area;
}
