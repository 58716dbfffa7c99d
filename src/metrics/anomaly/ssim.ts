/** Structural similarity of two images. Wang et al. 2004, IEEE Transactions on Image Processing 13 (4). */

/** Images, [height, width, channels], channels last. */
export interface SsimImages {
  readonly height: number;
  readonly width: number;
  readonly channels: number;
  /** Largest possible difference of two values: 1, or 255. */
  readonly range: number;
}

/** The window: 11 pixels of a Gaussian of 1.5 pixels, as in the paper. */
const reach = 5;
const sigma = 1.5;
const bell = Array.from({ length: 2 * reach + 1 }, (_, i) => Math.exp(-((i - reach) ** 2) / (2 * sigma ** 2)));
const bellSum = bell.reduce((sum, weight) => sum + weight, 0);
const gaussian = bell.map((weight) => weight / bellSum);
/** Constants of the paper. */
const [k1, k2] = [0.01, 0.03];

type Values = Float32Array | Float64Array;

/**
 * The map of structural similarity, each channel by itself, as torchmetrics' `structural_similarity_index_measure` with
 * `return_full_image`: edges are mirrored, without the pixel at the edge. Sides are at least 6 pixels.
 *
 * @param a [height, width, channels].
 * @param b of the same shape.
 * @returns of the same shape, -1 to 1, where 1 is equal.
 */
export function ssimMap(a: Values, b: Values, images: SsimImages): Float64Array {
  if (Math.min(images.height, images.width) <= reach) {
    throw new RangeError(
      `structural similarity needs sides of ${reach + 1} pixels, not ${images.height}x${images.width}`,
    );
  }
  const [c1, c2] = [(k1 * images.range) ** 2, (k2 * images.range) ** 2];
  const blurred = (value: (at: number) => number): Float64Array =>
    blur(
      Float64Array.from(a, (_, at) => value(at)),
      images,
    );
  const valueA = (at: number): number => a[at] as number;
  const valueB = (at: number): number => b[at] as number;
  const [meanA, meanB] = [blurred(valueA), blurred(valueB)];
  const squareA = blurred((at) => valueA(at) ** 2);
  const squareB = blurred((at) => valueB(at) ** 2);
  const product = blurred((at) => valueA(at) * valueB(at));
  return Float64Array.from(meanA, (mA, at) => {
    const mB = meanB[at] as number;
    const varianceA = Math.max(0, (squareA[at] as number) - mA ** 2);
    const varianceB = Math.max(0, (squareB[at] as number) - mB ** 2);
    const covariance = (product[at] as number) - mA * mB;
    const likeness = (2 * mA * mB + c1) * (2 * covariance + c2);
    return likeness / ((mA ** 2 + mB ** 2 + c1) * (varianceA + varianceB + c2));
  });
}

/** Mean of the map over all pixels and channels. */
export function ssim(a: Values, b: Values, images: SsimImages): number {
  const map = ssimMap(a, b, images);
  return map.reduce((sum, value) => sum + value, 0) / map.length;
}

function blur(values: Float64Array, { height, width, channels }: SsimImages): Float64Array {
  const rows = blurAlong(values, width, channels);
  return blurAlong(rows, height, width * channels);
}

/** Weighted means along an axis of `length` elements that lie `stride` apart. */
function blurAlong(values: Float64Array, length: number, stride: number): Float64Array {
  return values.map((_, at) => {
    const place = Math.floor(at / stride) % length;
    const start = at - place * stride;
    let sum = 0;
    for (let i = 0; i < gaussian.length; i++) {
      const inside = Math.abs(place + i - reach);
      const mirrored = inside < length ? inside : 2 * (length - 1) - inside;
      sum += (gaussian[i] as number) * (values[start + mirrored * stride] as number);
    }
    return sum;
  });
}
