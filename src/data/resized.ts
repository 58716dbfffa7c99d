import { createHash } from 'node:crypto';
import { mkdir, stat } from 'node:fs/promises';
import path from 'node:path';
import { diskError } from '../base/atomic-file.js';
import { markUsed } from '../base/cache-folder.js';
import { removeDeadParts } from '../base/part-file.js';
import {
  type BoxTargets,
  boxLength,
  boxRow,
  centralPart,
  type Dataset,
  type FileStore,
  type ImageShape,
  imageBytes,
  type PixelStore,
} from '../contracts/index.js';
import { resizePixels } from '../images/index.js';
import { resizeMask } from '../masks/index.js';
import { moveBox } from './annotated-dataset.js';
import { limits } from './limits.js';
import { checkAborted, type OpenOptions, sizeOf } from './options.js';
import { openPacked, writePacked } from './packed/index.js';
import { streamFolder } from './places.js';
import { pngOf } from './png.js';
import { allocatePixels } from './stores.js';

/** PNG files that are made at once. */
const atOnce = 64;
/** Images between two reports. */
const reportEvery = 1024;

/**
 * A dataset of pixels in memory, brought to `imageSize`; one of that size, or of files, which are decoded to it, as it is. Images
 * that would take more than `mostBytes` are kept as they were, and each is resized when it is read, to the same pixels.
 *
 * @throws ConvoyError `CONVOY_MEMORY` when the system refuses the memory, `CONVOY_DISK` when the cache cannot take the images.
 */
export async function resizedDataset(
  dataset: Dataset,
  options: Pick<OpenOptions, 'imageSize' | 'onProgress' | 'signal'>,
  mostBytes: number = limits.pixelStoreBytes,
): Promise<Dataset> {
  const { imageSize, onProgress, signal } = options;
  const { store, shape: from, count } = dataset;
  const size = sizeOf(imageSize) ?? from;
  if (store.kind !== 'pixels' || (size.height === from.height && size.width === from.width)) return dataset;
  const shape = { ...from, height: size.height, width: size.width };
  const [given, wanted] = [imageBytes(from), imageBytes(shape)];
  const told = JSON.stringify([shape.height, shape.width]);
  const fingerprint = createHash('sha256').update(dataset.fingerprint).update(told).digest('hex');
  if (count * wanted > mostBytes) {
    const stored = await storedAsPng(dataset, store, options);
    return { ...dataset, shape, store: stored, targets: resizedTargets(dataset, shape), fingerprint };
  }
  const pixels = allocatePixels(count, shape, dataset.name);
  const targets = resizedTargets(dataset, shape);
  for (let image = 0; image < count; image++) {
    const into = pixels.subarray(image * wanted, (image + 1) * wanted);
    await resizePixels(store.pixels.subarray(image * given, (image + 1) * given), from, shape, into);
    if (image % reportEvery > 0) continue;
    checkAborted(signal, `resizing ${dataset.name}`);
    onProgress?.({ what: 'resizing images', done: image, total: count, unit: 'images' });
  }
  return { ...dataset, shape, store: { ...store, pixels }, targets, fingerprint };
}

/** Masks and boxes go the way of their images: the same part; masks by nearest neighbour. */
function resizedTargets({ targets, shape: from, count }: Dataset, shape: ImageShape): Dataset['targets'] {
  if (targets.kind === 'boxes') return resizedBoxes(targets, from, shape);
  if (targets.kind !== 'masks') return targets;
  const [given, wanted] = [from.height * from.width, shape.height * shape.width];
  const masks = new Uint8Array(new SharedArrayBuffer(count * wanted));
  const part = centralPart(from, shape);
  for (let image = 0; image < count; image++) {
    const own = targets.masks.subarray(image * given, (image + 1) * given);
    resizeMask(own, from.width, part, shape, masks.subarray(image * wanted, (image + 1) * wanted));
  }
  return { kind: 'masks', masks };
}

function resizedBoxes({ boxes, capacity }: BoxTargets, from: ImageShape, shape: ImageShape): BoxTargets {
  const part = centralPart(from, shape);
  const each = capacity * boxLength;
  const moved = new Float32Array(new SharedArrayBuffer(boxes.byteLength));
  for (let start = 0; start < boxes.length; start += each) {
    let to = start;
    for (let row = start; row < start + each; row += boxLength) {
      const [left = 0, top = 0, right = 0, bottom = 0, label = 0, kind = 0] = boxes.subarray(row, row + boxLength);
      const box =
        kind === boxRow.empty ? undefined : moveBox([left, top, right, bottom], part, shape, kind === boxRow.ignored);
      if (box === undefined) continue;
      moved.set([...box, label, kind], to);
      to += boxLength;
    }
  }
  return { kind: 'boxes', boxes: moved, capacity };
}

/** The images of a dataset as PNG in a packed file of the cache, for its pixels the same one each time. */
async function storedAsPng(
  dataset: Dataset,
  { pixels }: PixelStore,
  { onProgress, signal }: Pick<OpenOptions, 'onProgress' | 'signal'>,
): Promise<FileStore> {
  const { name, classes, shape, count, fingerprint } = dataset;
  const key = createHash('sha256')
    .update(JSON.stringify(['png', fingerprint]))
    .digest('hex');
  const file = path.join(streamFolder(), `${key.slice(0, 32)}.pack`);
  const encoded = async function* (): AsyncGenerator<Uint8Array, void, undefined> {
    for (let start = 0; start < count; start += atOnce) {
      checkAborted(signal, `writing ${name} to the cache`);
      onProgress?.({ what: 'writing images to the cache', done: start, total: count, unit: 'images' });
      const part = Array.from({ length: Math.min(atOnce, count - start) }, (_, at) => pngOf(pixels, shape, start + at));
      yield* await Promise.all(part);
    }
  };
  const open = async (): Promise<FileStore | undefined> => {
    const store = (await openPacked(file, undefined, signal)).splits[0]?.store;
    return store?.kind === 'files' ? store : undefined;
  };
  if ((await stat(file).catch(() => undefined)) !== undefined) {
    const kept = await open().catch(() => undefined); // damaged: it is made anew
    if (kept !== undefined) await markUsed(file);
    if (kept !== undefined) return kept;
  }
  await mkdir(streamFolder(), { recursive: true }).catch((error: unknown) => {
    throw diskError(streamFolder(), error);
  });
  const images = { kind: 'images', images: encoded() } as const;
  // A packed file has training images, whatever split these are.
  const split = { split: 'train', count, targets: { kind: 'pixels' }, fingerprint, images } as const;
  await writePacked(file, { name, classes: [...classes], shape, files: [], notes: [], splits: [split] });
  await removeDeadParts(streamFolder());
  return (await open()) as FileStore;
}
