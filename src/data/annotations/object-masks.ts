/** Masks from the outlines of objects. */

import { fileError } from '../../base/errors.js';
import { ignoredPixel } from '../../contracts/index.js';
import { paintRle, polygonsRle, type Rle, rleArea } from '../../masks/index.js';
import type { AnnotatedImage, AnnotatedObject } from './contract.js';

import { inFile } from './problems.js';

/** The image that an object is in. */
type Owner = Pick<AnnotatedImage, 'file' | 'width' | 'height'>;

/**
 * The mask of an object, encoded, as pycocotools' `annToRLE`.
 *
 * @throws ConvoyError `CONVOY_DATA` naming the image, for an object that has a box alone.
 */
export function objectRle({ segmentation }: AnnotatedObject, { file, width, height }: Owner): Rle {
  if (segmentation === undefined)
    throw fileError('CONVOY_DATA', file, '', 'objects with outlines', 'one with a box alone');
  if ('rle' in segmentation) return segmentation.rle;
  try {
    return polygonsRle(segmentation.polygons, height, width);
  } catch (error) {
    throw inFile(file, 'an object', error);
  }
}

/**
 * The class of each pixel of an image from the outlines of its objects. Where they overlap, the smaller one is seen: it mostly lies
 * on the larger one. Crowds that no object covers are not counted.
 *
 * @returns [height, width], row by row: 0 for the background, class + 1, 255 for pixels that are not counted.
 * @throws ConvoyError `CONVOY_DATA` for an object without an outline, and for a class above 253, which 8 bits cannot hold.
 */
export function paintObjects(image: AnnotatedImage): Uint8Array {
  const pixels = new Uint8Array(image.width * image.height);
  const layers = image.objects.map((object) => {
    if (object.class + 1 >= ignoredPixel) {
      throw fileError('CONVOY_DATA', image.file, '', `classes up to ${ignoredPixel - 2}`, String(object.class));
    }
    const rle = objectRle(object, image);
    return { rle, crowd: object.crowd, area: rleArea(rle), value: object.crowd ? ignoredPixel : object.class + 1 };
  });
  // Crowds first, then by falling area.
  layers.sort((a, b) => Number(b.crowd) - Number(a.crowd) || b.area - a.area);
  for (const { rle, value } of layers) paintRle(rle, pixels, value);
  return pixels;
}
