import { existsSync } from 'node:fs';
import { availableParallelism } from 'node:os';
import { ConvoyError } from '../base/errors.js';
import { centralPart, type Dataset, type ImageShape, ignoredPixel, imageBytes } from '../contracts/index.js';
import { decodeImageFile } from '../images/index.js';
import { decodeRle, polygonsRle, resizeMask } from '../masks/index.js';
import { type AnnotatedImage, type Annotations, readIndexMask } from './annotations/index.js';
import { forEachAtOnce } from './at-once.js';
import { type BadImage, checkAborted, type OpenOptions } from './options.js';
import { allocatePixels, signDataset } from './stores.js';

/** A split with masks, in memory, and what was left out of it. */
export interface MaskSplit {
  readonly dataset: Dataset;
  readonly badImages: readonly BadImage[];
}

/**
 * Decodes images and their masks: of each image the largest central part of the wanted ratio, images resized as everywhere,
 * masks by nearest neighbour at the pixels' centres.
 *
 * Objects (COCO's polygons and run-length encodings) are drawn in their order, class + 1; crowds become pixels of no class, what
 * no object covers is class 0, `background`. Masks of files have their own classes.
 *
 * @throws ConvoyError `CONVOY_DATA` for an image or mask that cannot be used, unless it may be skipped; `CONVOY_MEMORY`.
 */
export async function maskDataset(
  { images, classes, problems }: Annotations,
  { name, split, shape }: { readonly name: string; readonly split: Dataset['split']; readonly shape: ImageShape },
  { onBadImage = 'fail', onProgress, signal }: OpenOptions,
): Promise<MaskSplit> {
  const bytes = imageBytes(shape);
  const each = shape.height * shape.width;
  const pixels = allocatePixels(images.length, shape, name);
  const masks = new Uint8Array(new SharedArrayBuffer(images.length * each));
  const bad = new Map<number, BadImage>();
  let done = 0;
  await forEachAtOnce(images.entries(), availableParallelism(), async ([index, image]) => {
    checkAborted(signal, 'decoding images');
    try {
      await decodeImageFile(image.file, shape, pixels.subarray(index * bytes, (index + 1) * bytes));
      resizeMask(
        maskOf(image),
        image.width,
        centralPart(image, shape),
        shape,
        masks.subarray(index * each, (index + 1) * each),
      );
    } catch (error) {
      if (onBadImage === 'fail' || !(error instanceof ConvoyError)) throw error;
      bad.set(index, { file: image.file, reason: error.message });
    }
    onProgress?.({ what: 'decoding images and masks', done: ++done, total: images.length, unit: 'images' });
  });
  const kept = images.flatMap((_, index) => (bad.has(index) ? [] : [index]));
  kept.forEach((from, to) => {
    if (from === to) return;
    pixels.copyWithin(to * bytes, from * bytes, (from + 1) * bytes);
    masks.copyWithin(to * each, from * each, (from + 1) * each);
  });
  const ofFiles = images[0]?.mask !== undefined;
  const dataset = signDataset({
    name,
    split,
    count: kept.length,
    classes: ofFiles ? [...classes] : ['background', ...classes],
    shape,
    store: { kind: 'pixels', pixels: pixels.subarray(0, kept.length * bytes) },
    targets: { kind: 'masks', masks: masks.subarray(0, kept.length * each) },
  });
  const left = problems.map(
    (problem): BadImage => ({ file: String(problem.details?.['file'] ?? name), reason: problem.message }),
  );
  return { dataset, badImages: [...left, ...bad.values()] };
}

/** The class of each pixel of an image at its own size. */
function maskOf({ mask, objects, width, height, file }: AnnotatedImage): Uint8Array {
  if (mask !== undefined) {
    if (!existsSync(mask.file))
      throw new ConvoyError('CONVOY_DATA', `${file}: expected its mask ${mask.file} but found no file`, { file });
    return readIndexMask(mask, { width, height });
  }
  const classes = new Uint8Array(width * height);
  for (const { class: label, crowd, ignore, segmentation } of objects) {
    if (segmentation === undefined) continue;
    const rle = 'rle' in segmentation ? segmentation.rle : polygonsRle(segmentation.polygons, height, width);
    const { data } = decodeRle(rle);
    const own = crowd || ignore ? ignoredPixel : label + 1;
    for (let pixel = 0; pixel < classes.length; pixel++) if (data[pixel] !== 0) classes[pixel] = own;
  }
  return classes;
}
