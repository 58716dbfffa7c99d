import { createHash } from 'node:crypto';
import { type Dataset, imageBytes } from '../contracts/index.js';
import { resizePixels } from '../images/index.js';
import { checkAborted, type OpenOptions, sizeOf } from './options.js';
import { allocatePixels } from './stores.js';

/** Images between two reports. */
const reportEvery = 1024;

/**
 * A dataset of pixels in memory, brought to `imageSize`; one of that size, or of files, which are decoded to it, as it is.
 *
 * @throws ConvoyError `CONVOY_MEMORY` when the resized images do not fit.
 */
export async function resizedDataset(
  dataset: Dataset,
  { imageSize, onProgress, signal }: Pick<OpenOptions, 'imageSize' | 'onProgress' | 'signal'>,
): Promise<Dataset> {
  const { store, shape: from, count } = dataset;
  const size = sizeOf(imageSize) ?? from;
  if (store.kind !== 'pixels' || (size.height === from.height && size.width === from.width)) return dataset;
  const shape = { ...from, height: size.height, width: size.width };
  const [given, wanted] = [imageBytes(from), imageBytes(shape)];
  const pixels = allocatePixels(count, shape, dataset.name);
  for (let image = 0; image < count; image++) {
    const into = pixels.subarray(image * wanted, (image + 1) * wanted);
    await resizePixels(store.pixels.subarray(image * given, (image + 1) * given), from, shape, into);
    if (image % reportEvery > 0) continue;
    checkAborted(signal, `resizing ${dataset.name}`);
    onProgress?.({ what: 'resizing images', done: image, total: count, unit: 'images' });
  }
  const told = JSON.stringify([shape.height, shape.width]);
  const fingerprint = createHash('sha256').update(dataset.fingerprint).update(told).digest('hex');
  return { ...dataset, shape, store: { ...store, pixels }, fingerprint };
}
