import { join } from 'node:path';
import { writeFileAtomic } from '../base/atomic-file.js';
import { type Dataset, imageBytes, type Split } from '../contracts/index.js';
import { ssim } from '../metrics/anomaly/index.js';

/** How well a network rebuilds the images of a split. */
export interface ImageEvaluation {
  readonly kind: 'images';
  readonly split: Split;
  readonly loss: number;
  readonly classes: readonly string[];
  readonly metrics: {
    /** Of pixels from 0 to 1, over all images. */
    readonly meanSquaredError: number;
    /** -10 log10 of it, decibels. */
    readonly psnr: number;
    /** Structural similarity (Wang et al. 2004), the mean over at most 200 images. */
    readonly ssim: number;
  };
}

/** SSIM of more images would take longer than their evaluation. */
const mostSsim = 200;

/**
 * Scores of rebuilt images of a dataset that is kept in memory.
 *
 * @param rebuilt pixels from 0 to 1, all images behind each other.
 * @param originals pixels from 0 to 255.
 */
export function evaluateImages(
  rebuilt: Float32Array,
  originals: Uint8Array,
  { shape, count }: Pick<Dataset, 'shape' | 'count'>,
  { split, loss, classes }: Pick<ImageEvaluation, 'split' | 'loss' | 'classes'>,
): ImageEvaluation {
  let squares = 0;
  for (let pixel = 0; pixel < rebuilt.length; pixel++) {
    squares += ((rebuilt[pixel] as number) - (originals[pixel] as number) / 255) ** 2;
  }
  const meanSquaredError = squares / rebuilt.length;
  const size = imageBytes(shape);
  const judged = Math.min(count, mostSsim);
  const likeness = Array.from({ length: judged }, (_, image) => {
    const [begin, end] = [image * size, (image + 1) * size];
    const original = Float32Array.from(originals.subarray(begin, end), (level) => level / 255);
    return ssim(rebuilt.subarray(begin, end), original, { ...shape, range: 1 });
  });
  return {
    kind: 'images',
    split,
    loss,
    classes,
    metrics: {
      meanSquaredError,
      psnr: -10 * Math.log10(meanSquaredError),
      ssim: likeness.reduce((sum, value) => sum + value, 0) / judged,
    },
  };
}

/** Writes `evaluation.json`. @returns the files. @throws ConvoyError `CONVOY_DISK`. */
export async function writeImageEvaluation(
  { split, loss, metrics }: ImageEvaluation,
  folder: string,
): Promise<string[]> {
  const file = join(folder, 'evaluation.json');
  await writeFileAtomic(file, [`${JSON.stringify({ split, loss, ...metrics }, undefined, 2)}\n`]);
  return [file];
}
