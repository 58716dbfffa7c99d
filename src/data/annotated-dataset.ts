import { availableParallelism } from 'node:os';
import { ConvoyError } from '../base/errors.js';
import {
  type BoxObject,
  boxStays,
  centralPart,
  type Dataset,
  type ImageShape,
  imageBytes,
  type PixelBox,
  type PixelSize,
} from '../contracts/index.js';
import { decodeImageFile } from '../images/index.js';
import { resizeMask } from '../masks/index.js';
import { type AnnotatedImage, type Annotations, paintObjects, readIndexMask } from './annotations/index.js';
import { forEachAtOnce } from './at-once.js';
import { packBoxes } from './boxes-of.js';
import { type BadImage, checkAborted, type OpenOptions } from './options.js';
import { allocatePixels, signDataset } from './stores.js';

/** A split of an annotated dataset, in memory, and what was left out of it. */
export interface AnnotatedSplit {
  readonly dataset: Dataset;
  readonly badImages: readonly BadImage[];
}

interface SplitFacts {
  readonly name: string;
  readonly split: Dataset['split'];
  readonly shape: ImageShape;
  readonly task: 'segmentation' | 'detection';
}

/**
 * Decodes images and makes their targets: of each image the largest central part of the wanted ratio, images resized as
 * everywhere. Masks are resized by nearest neighbour. Boxes are scaled and cut; objects with less than a quarter of their box in
 * the part, or under a pixel, are left out (`boxStays`); crowds and difficult ones are neither objects nor background.
 *
 * Masks of objects (COCO's polygons and run-length encodings): class 0 is `background`, crowds are pixels of no class.
 *
 * @throws ConvoyError `CONVOY_DATA` for an image or mask that cannot be used, unless it may be skipped; `CONVOY_MEMORY`.
 */
export async function annotatedDataset(
  { images, classes, problems }: Annotations,
  { name, split, shape, task }: SplitFacts,
  { onBadImage = 'fail', onProgress, signal }: OpenOptions,
): Promise<AnnotatedSplit> {
  const bytes = imageBytes(shape);
  const each = shape.height * shape.width;
  const masked = task === 'segmentation';
  const pixels = allocatePixels(images.length, shape, name);
  const masks = new Uint8Array(new SharedArrayBuffer(masked ? images.length * each : 0));
  const bad = new Map<number, BadImage>();
  let done = 0;
  await forEachAtOnce(images.entries(), availableParallelism(), async ([index, image]) => {
    checkAborted(signal, 'decoding images');
    try {
      await decodeImageFile(image.file, shape, pixels.subarray(index * bytes, (index + 1) * bytes));
      const into = masks.subarray(index * each, (index + 1) * each);
      if (masked) resizeMask(maskOf(image), image.width, centralPart(image, shape), shape, into);
    } catch (error) {
      if (onBadImage === 'fail' || !(error instanceof ConvoyError)) throw error;
      bad.set(index, { file: image.file, reason: error.message });
    }
    onProgress?.({ what: `decoding images of ${name}`, done: ++done, total: images.length, unit: 'images' });
  });
  const kept = images.flatMap((_, index) => (bad.has(index) ? [] : [index]));
  kept.forEach((from, to) => {
    pixels.copyWithin(to * bytes, from * bytes, (from + 1) * bytes);
    masks.copyWithin(to * each, from * each, (from + 1) * each);
  });
  const whole = masked && images[0]?.mask === undefined;
  const dataset = signDataset({
    name,
    split,
    count: kept.length,
    classes: whole ? ['background', ...classes] : [...classes],
    shape,
    store: { kind: 'pixels', pixels: pixels.subarray(0, kept.length * bytes) },
    targets: masked
      ? { kind: 'masks', masks: masks.subarray(0, kept.length * each) }
      : packBoxes(kept.map((index) => boxesOf(images[index] as AnnotatedImage, shape))),
  });
  const left = problems.map((problem): BadImage => ({ file: placeOf(problem, name), reason: problem.message }));
  return { dataset, badImages: [...left, ...bad.values()] };
}

function placeOf({ details }: ConvoyError, name: string): string {
  const file: unknown = Reflect.get(details ?? {}, 'file');
  return typeof file === 'string' ? file : name;
}

/** The class of each pixel of an image at its own size. */
function maskOf(image: AnnotatedImage): Uint8Array {
  return image.mask === undefined ? paintObjects(image) : readIndexMask(image.mask, image);
}

/** The objects of an image where decoding has put them. */
function boxesOf(image: AnnotatedImage, shape: ImageShape): BoxObject[] {
  const part = centralPart(image, shape);
  return image.objects.flatMap(({ box, class: label, crowd, ignore, difficult }) => {
    const ignored = crowd || ignore || difficult;
    const moved = moveBox(box, part, shape, ignored);
    return moved === undefined ? [] : [{ box: moved, label, ignored }];
  });
}

/**
 * A box where a part of its image fills another size.
 *
 * @param box left, top, right, bottom; right and bottom not in it.
 * @returns undefined where too little of it lies in the part.
 */
export function moveBox(
  [left, top, right, bottom]: readonly [number, number, number, number],
  part: PixelBox,
  size: PixelSize,
  ignored: boolean,
): [number, number, number, number] | undefined {
  const [across, down] = [size.width / part.width, size.height / part.height];
  const x = (at: number): number => Math.min(size.width, Math.max(0, (at - part.left) * across));
  const y = (at: number): number => Math.min(size.height, Math.max(0, (at - part.top) * down));
  const moved: [number, number, number, number] = [x(left), y(top), x(right), y(bottom)];
  const whole = (right - left) * across * (bottom - top) * down;
  return boxStays({ width: moved[2] - moved[0], height: moved[3] - moved[1] }, whole, ignored) ? moved : undefined;
}
