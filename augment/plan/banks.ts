/**
 * Banks: the few parameter sets that the samples of one window share, so that mosaics are full.
 *
 * Each range is cut into as many strata as the bank has entries, one value is drawn uniformly in each, and the strata
 * are dealt to the entries at random; samples are dealt to entries like cards. So every sample's own parameter is still
 * uniform over the whole range, and all windows draw afresh: only samples of one window have parameters in common.
 */
import { permutation, type RandomStream } from '../../src/base/random.js';
import type { Matrix } from '../pixels/index.js';
import type { Range } from '../spec/index.js';

/** `size` stratified draws from a range, in random order. */
export function strata(stream: RandomStream, size: number, [low, high]: Range): number[] {
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

const radians = Math.PI / 180;

/**
 * The forward matrix of torchvision's `affine` (clockwise angle, shear along x then y, zoom), about the centre:
 * rotation · shear · scale, as in `torchvision.transforms.functional._get_inverse_affine_matrix`.
 */
export function affineMatrix(degrees: number, scale: number, shearX: number, shearY: number): Matrix {
  const turn = degrees * radians;
  const x = shearX * radians;
  const y = shearY * radians;
  const a = Math.cos(turn - y) / Math.cos(y);
  const b = (-Math.cos(turn - y) * Math.tan(x)) / Math.cos(y) - Math.sin(turn);
  const c = Math.sin(turn - y) / Math.cos(y);
  const d = (-Math.sin(turn - y) * Math.tan(x)) / Math.cos(y) + Math.cos(turn);
  return [a * scale, b * scale, c * scale, d * scale];
}

/** A part of an image, in whole pixels. */
export interface Box {
  readonly left: number;
  readonly top: number;
  readonly width: number;
  readonly height: number;
}

/**
 * The part that torchvision's `RandomResizedCrop.get_params` cuts: ten tries at an area and a (log-uniform) ratio,
 * then the largest central part within the ratios.
 */
export function drawBox(stream: RandomStream, width: number, height: number, scale: Range, ratio: Range): Box {
  const logLow = Math.log(ratio[0]);
  const logHigh = Math.log(ratio[1]);
  for (let attempt = 0; attempt < 10; attempt++) {
    const area = width * height * (scale[0] + (scale[1] - scale[0]) * stream.uniform());
    const aspect = Math.exp(logLow + (logHigh - logLow) * stream.uniform());
    const w = Math.round(Math.sqrt(area * aspect));
    const h = Math.round(Math.sqrt(area / aspect));
    if (w > 0 && w <= width && h > 0 && h <= height) {
      return { left: stream.below(width - w + 1), top: stream.below(height - h + 1), width: w, height: h };
    }
  }
  const aspect = Math.min(ratio[1], Math.max(ratio[0], width / height));
  const w = Math.max(1, Math.min(width, Math.round(height * aspect)));
  const h = Math.max(1, Math.min(height, Math.round(width / aspect)));
  return { left: Math.floor((width - w) / 2), top: Math.floor((height - h) / 2), width: w, height: h };
}

/** The box of torchvision's `RandomErasing.get_params`: ten tries, strictly smaller than the image; none if all fail. */
export function drawErasing(
  stream: RandomStream,
  width: number,
  height: number,
  scale: Range,
  ratio: Range,
): Box | undefined {
  const logLow = Math.log(ratio[0]);
  const logHigh = Math.log(ratio[1]);
  for (let attempt = 0; attempt < 10; attempt++) {
    const area = width * height * (scale[0] + (scale[1] - scale[0]) * stream.uniform());
    const aspect = Math.exp(logLow + (logHigh - logLow) * stream.uniform());
    const h = Math.round(Math.sqrt(area * aspect));
    const w = Math.round(Math.sqrt(area / aspect));
    if (w > 0 && w < width && h > 0 && h < height) {
      return { left: stream.below(width - w + 1), top: stream.below(height - h + 1), width: w, height: h };
    }
  }
  return undefined;
}
