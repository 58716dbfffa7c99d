/**
 * RoIAlign as torchvision's `roi_align`: features inside boxes, sampled at points between pixels and averaged. He et al. 2017,
 * section 3. A reference in float64; slow and plain.
 */
import type { Boxes } from './boxes.js';

/** Feature maps, [batch, height, width, channels], channels last. */
export interface FeatureMaps {
  readonly data: Float32Array | Float64Array;
  readonly height: number;
  readonly width: number;
  readonly channels: number;
}

/** How regions are sampled. */
export interface RoiAlignOptions {
  /** Bins of a region: height, width. */
  readonly bins: readonly [number, number];
  /** Pixels of the feature map for one of the image. */
  readonly scale: number;
  /** Points a side of a bin; 0 (default): as many as pixels of the feature map, rounded up. */
  readonly samplingRatio?: number;
  /** True: pixels have their values at their centres (half a pixel is taken off). False (default): the form of before. */
  readonly aligned?: boolean;
}

/** A point's weight for one pixel of the feature map. */
type Visit = (bin: number, pixel: number, weight: number) => void;

/**
 * Averages of each bin of each region.
 *
 * @param boxes [n, 4], `xyxy`, pixels of the image.
 * @param images [n], index in the batch of each box.
 * @returns [n, bins, bins, channels].
 */
export function roiAlign(
  maps: FeatureMaps,
  boxes: Boxes,
  images: ArrayLike<number>,
  options: RoiAlignOptions,
): Float64Array {
  const { data, channels } = maps;
  const [rows, columns] = options.bins;
  const result = new Float64Array((boxes.length / 4) * rows * columns * channels);
  eachPoint(maps, boxes, images, options, (bin, pixel, weight) => {
    for (let c = 0; c < channels; c++) {
      const at = bin * channels + c;
      result[at] = (result[at] as number) + weight * (data[pixel * channels + c] as number);
    }
  });
  return result;
}

/**
 * Gradient of `roiAlign` for the feature maps; boxes have none, as in torchvision.
 *
 * @param gradient of the result, [n, bins, bins, channels].
 * @param maps sizes of the feature maps; the length of `data` says how many there are.
 * @returns [batch, height, width, channels].
 */
export function roiAlignGradient(
  gradient: Float32Array | Float64Array,
  maps: FeatureMaps,
  boxes: Boxes,
  images: ArrayLike<number>,
  options: RoiAlignOptions,
): Float64Array {
  const { channels } = maps;
  const result = new Float64Array(maps.data.length);
  eachPoint(maps, boxes, images, options, (bin, pixel, weight) => {
    for (let c = 0; c < channels; c++) {
      const at = pixel * channels + c;
      result[at] = (result[at] as number) + weight * (gradient[bin * channels + c] as number);
    }
  });
  return result;
}

function eachPoint(
  { height, width }: FeatureMaps,
  boxes: Boxes,
  images: ArrayLike<number>,
  { bins: [rows, columns], scale, samplingRatio = 0, aligned = false }: RoiAlignOptions,
  visit: Visit,
): void {
  const shift = aligned ? 0.5 : 0;
  for (let region = 0; region < boxes.length / 4; region++) {
    const at = (side: number): number => (boxes[region * 4 + side] as number) * scale - shift;
    const size = (extent: number): number => (aligned ? extent : Math.max(extent, 1));
    const [left, top] = [at(0), at(1)];
    const binWidth = size(at(2) - left) / columns;
    const binHeight = size(at(3) - top) / rows;
    const down = samplingRatio > 0 ? samplingRatio : Math.max(0, Math.ceil(binHeight));
    const across = samplingRatio > 0 ? samplingRatio : Math.max(0, Math.ceil(binWidth));
    const points = Math.max(1, down * across);
    const firstPixel = (images[region] as number) * height * width;
    for (let bin = 0; bin < rows * columns; bin++) {
      const binTop = top + Math.floor(bin / columns) * binHeight;
      const binLeft = left + (bin % columns) * binWidth;
      for (let point = 0; point < down * across; point++) {
        const vertical = neighbours(binTop + ((Math.floor(point / across) + 0.5) * binHeight) / down, height);
        const horizontal = neighbours(binLeft + (((point % across) + 0.5) * binWidth) / across, width);
        for (const [row, vWeight] of vertical) {
          for (const [column, hWeight] of horizontal) {
            const pixel = firstPixel + row * width + column;
            visit(region * rows * columns + bin, pixel, (vWeight * hWeight) / points);
          }
        }
      }
    }
  }
}

/** The two pixels beside a place and their weights; none where it lies more than a pixel outside. */
function neighbours(place: number, length: number): (readonly [pixel: number, weight: number])[] {
  if (place < -1 || place > length) return [];
  const inside = Math.max(place, 0);
  const low = Math.floor(inside);
  if (low >= length - 1) return [[length - 1, 1]];
  return [
    [low, 1 - (inside - low)],
    [low + 1, inside - low],
  ];
}

/** Levels of a feature pyramid. */
export interface PyramidLevels {
  /** First and last level; level k has a stride of 2^k pixels. */
  readonly first: number;
  readonly last: number;
}

/**
 * The level of a feature pyramid that each box is pooled from, as torchvision's `LevelMapper`; Lin et al. 2017, equation 1:
 * boxes of 224x224 pixels belong to level 4, boxes of half the side one level lower.
 *
 * @param boxes [n, 4], `xyxy`, pixels of the image.
 * @returns [n], index from 0 for the first level.
 */
export function pyramidLevels(boxes: Boxes, { first, last }: PyramidLevels): Uint8Array {
  return Uint8Array.from({ length: boxes.length / 4 }, (_, row) => {
    const side = (from: number): number => (boxes[row * 4 + from + 2] as number) - (boxes[row * 4 + from] as number);
    const size = Math.sqrt(side(0) * side(1));
    // The small number is torchvision's: a box of exactly 224 pixels is of level 4.
    const level = Math.floor(4 + Math.log2(size / 224) + 1e-6);
    return Math.min(last, Math.max(first, level)) - first;
  });
}
