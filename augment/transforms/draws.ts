/**
 * Draws that transforms share.
 *
 * Strata: an interval is cut into as many as values are wanted, one value is drawn uniformly in each, and they are dealt at
 * random. So every value is uniform over the whole interval, and those of a window cover it evenly.
 *
 * Samples that are convolved share the few parameter sets of a bank, so that mosaics of them are full; they are dealt to its
 * entries like cards. Only samples of one window have parameters in common.
 */
import { permutation, type RandomStream } from '../../src/base/random.js';
import type { PixelBox } from '../../src/contracts/index.js';
import type { AffineMatrix } from '../steps/index.js';
import type { Interval } from './parameters.js';

/** `size` stratified draws from an interval, in random order. */
export function strata(stream: RandomStream, size: number, [low, high]: Interval): number[] {
  const order = permutation(size, stream);
  return Array.from(order, (stratum) => low + ((high - low) * (stratum + stream.uniform())) / size);
}

/** Deals `count` samples to `size` entries, as evenly as they go; with a chance below 1 some stay out (-1). */
export function deal(stream: RandomStream, count: number, size: number, probability = 1): Int16Array {
  const choices = new Int16Array(count);
  const order = permutation(count, stream);
  for (let i = 0; i < count; i++) choices[i] = (order[i] as number) % size;
  if (probability < 1) {
    for (let i = 0; i < count; i++) if (stream.uniform() >= probability) choices[i] = -1;
  }
  return choices;
}

/** A whole number of pixels from -limit to limit. */
export function wholePixels(stream: RandomStream, limit: number): number {
  return Math.round((2 * stream.uniform() - 1) * limit);
}

const radians = Math.PI / 180;

/**
 * The forward matrix of torchvision's `affine` (clockwise angle, shear along x then y, zoom), about the centre:
 * rotation · shear · scale, as in `torchvision.transforms.functional._get_inverse_affine_matrix`.
 */
export function affineMatrix(degrees: number, scale: number, shearX: number, shearY: number): AffineMatrix {
  const turn = degrees * radians;
  const x = shearX * radians;
  const y = shearY * radians;
  const a = Math.cos(turn - y) / Math.cos(y);
  const b = (-Math.cos(turn - y) * Math.tan(x)) / Math.cos(y) - Math.sin(turn);
  const c = Math.sin(turn - y) / Math.cos(y);
  const d = (-Math.sin(turn - y) * Math.tan(x)) / Math.cos(y) + Math.cos(turn);
  return [a * scale, b * scale, c * scale, d * scale];
}

/** Ten tries at an area and a (log-uniform) aspect; the first box that `fits`, at a random place. */
function tryBoxes(
  stream: RandomStream,
  { width, height }: { readonly width: number; readonly height: number },
  scale: Interval,
  ratio: Interval,
  sides: (area: number, aspect: number) => readonly [width: number, height: number],
  fits: (width: number, height: number) => boolean,
): PixelBox | undefined {
  const logLow = Math.log(ratio[0]);
  const logHigh = Math.log(ratio[1]);
  for (let attempt = 0; attempt < 10; attempt++) {
    const area = width * height * (scale[0] + (scale[1] - scale[0]) * stream.uniform());
    const [w, h] = sides(area, Math.exp(logLow + (logHigh - logLow) * stream.uniform()));
    if (w > 0 && h > 0 && fits(w, h)) {
      return { left: stream.below(width - w + 1), top: stream.below(height - h + 1), width: w, height: h };
    }
  }
  return undefined;
}

/**
 * The part that torchvision's `RandomResizedCrop.get_params` cuts: ten tries at an area and a ratio of width to height,
 * then the largest central part within the ratios.
 */
export function drawPart(
  stream: RandomStream,
  width: number,
  height: number,
  scale: Interval,
  ratio: Interval,
): PixelBox {
  const drawn = tryBoxes(
    stream,
    { width, height },
    scale,
    ratio,
    (area, aspect) => [Math.round(Math.sqrt(area * aspect)), Math.round(Math.sqrt(area / aspect))],
    (w, h) => w <= width && h <= height,
  );
  if (drawn !== undefined) return drawn;
  const aspect = Math.min(ratio[1], Math.max(ratio[0], width / height));
  const w = Math.max(1, Math.min(width, Math.round(height * aspect)));
  const h = Math.max(1, Math.min(height, Math.round(width / aspect)));
  return { left: Math.floor((width - w) / 2), top: Math.floor((height - h) / 2), width: w, height: h };
}

/**
 * The box of torchvision's `RandomErasing.get_params`: ten tries at an area and a ratio of height to width, strictly
 * smaller than the image; none if all fail.
 */
export function drawErasing(
  stream: RandomStream,
  width: number,
  height: number,
  scale: Interval,
  ratio: Interval,
): PixelBox | undefined {
  return tryBoxes(
    stream,
    { width, height },
    scale,
    ratio,
    (area, aspect) => [Math.round(Math.sqrt(area / aspect)), Math.round(Math.sqrt(area * aspect))],
    (w, h) => w < width && h < height,
  );
}
