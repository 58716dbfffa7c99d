import { type Dataset, type ImageShape, imageBytes } from '../contracts/index.js';
import { BadImageError, decodeBatch, readStoredImage, storedImageError, storedImageName } from '../images/index.js';
import { type BadImage, checkAborted, type OpenOptions } from './options.js';
import { selectSamples } from './split.js';
import { allocatePixels, signDataset } from './stores.js';

const batchImages = 64;

/** A dataset of pixels, and the images that were left out. */
interface DecodedFiles {
  readonly dataset: Dataset;
  readonly badImages: readonly BadImage[];
}

/**
 * A dataset of files decoded into memory, to one size.
 *
 * @throws ConvoyError `CONVOY_DATA` for a bad image, unless it may be skipped; `CONVOY_MEMORY`.
 */
export async function decodedFiles(
  dataset: Dataset,
  shape: ImageShape,
  { onBadImage, onProgress, signal }: Pick<OpenOptions, 'onBadImage' | 'onProgress' | 'signal'>,
): Promise<DecodedFiles> {
  const { store, count, name } = dataset;
  if (store.kind !== 'files') return { dataset, badImages: [] };
  const each = imageBytes(shape);
  const pixels = allocatePixels(count, shape, name);
  const bad = new Map<number, BadImage>();
  const markBad = (sample: number, error: unknown): void => {
    if (onBadImage !== 'skip' || !(error instanceof BadImageError)) throw storedImageError(store, sample, error);
    bad.set(sample, { file: storedImageName(store, sample), reason: error.message });
  };
  for (let start = 0; start < count; start += batchImages) {
    checkAborted(signal, `decoding ${name}`);
    const samples: number[] = [];
    const encoded: Uint8Array[] = [];
    for (let sample = start; sample < Math.min(count, start + batchImages); sample++) {
      try {
        encoded.push(readStoredImage(store, sample));
        samples.push(sample);
      } catch (error) {
        markBad(sample, error);
      }
    }
    const decoded = await decodeBatch(encoded, shape, false);
    samples.forEach((sample, at) => pixels.set(decoded.pixels.subarray(at * each, (at + 1) * each), sample * each));
    for (const { index, error } of decoded.bad) markBad(samples[index] as number, error);
    onProgress?.({ what: 'decoding images', done: start, total: count, unit: 'images' });
  }
  const whole = signDataset({ ...dataset, shape, store: { kind: 'pixels', pixels } });
  if (bad.size === 0) return { dataset: whole, badImages: [] };
  const kept = Uint32Array.from({ length: count }, (_, sample) => sample).filter((sample) => !bad.has(sample));
  return { dataset: selectSamples(whole, kept, whole.split), badImages: [...bad.values()] };
}
