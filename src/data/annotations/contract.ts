/** What datasets of segmentation, detection and anomaly detection hold, in plain data, whatever format they have on disk. */
import type { ConvoyError } from '../../base/errors.js';
import type { Rle } from '../../masks/index.js';
import type { IndexMask } from './index-mask.js';

/** Left, top, right, bottom: pixels from the left upper corner; right and bottom are not part of the box. */
export type ObjectBox = readonly [left: number, top: number, right: number, bottom: number];

/** The outline of an object: polygons (x and y in turn, pixels), of which the object is the union, or an encoded mask. */
export type Segmentation = { readonly polygons: readonly (readonly number[])[] } | { readonly rle: Rle };

/** An object in an image. */
export interface AnnotatedObject {
  /** Index into the dataset's classes. */
  readonly class: number;
  readonly box: ObjectBox;
  /** COCO's `iscrowd`: a region that stands for any number of objects. */
  readonly crowd: boolean;
  /** COCO's `ignore`. */
  readonly ignore: boolean;
  /** Pascal VOC's `difficult`: not scored. */
  readonly difficult: boolean;
  /** Square pixels, where the dataset says it: COCO's is that of the mask. */
  readonly area?: number;
  readonly segmentation?: Segmentation;
}

/** An image of a dataset. */
export interface AnnotatedImage {
  /** Path of the image file. */
  readonly file: string;
  /** Pixels, upright. */
  readonly width: number;
  readonly height: number;
  readonly objects: readonly AnnotatedObject[];
  /** The class of each pixel, where the dataset has it. */
  readonly mask?: IndexMask;
  /** What the image is as a whole, where the dataset says it: a breed, `good`, a kind of defect. */
  readonly label?: string;
  /** COCO's number of the image, for result files. */
  readonly id?: number;
}

/** A split of a dataset. */
export interface Annotations {
  readonly images: readonly AnnotatedImage[];
  /** Names in the order of their indices. */
  readonly classes: readonly string[];
  /** COCO's number of each class, for result files. */
  readonly classIds?: readonly number[];
  /** What was left out, with `onBad: 'skip'`. */
  readonly problems: readonly ConvoyError[];
}

/** How a dataset is read. */
export interface ReadOptions {
  /**
   * What to do with images and objects that cannot be used: `error` (default) throws for the first, `skip` leaves them out
   * and counts them in `problems`. A bad object is left out alone, a bad image or mask with all its objects.
   */
  readonly onBad?: 'error' | 'skip';
  readonly signal?: AbortSignal;
}

/** A dataset whose classes may be given; each reader says what they are otherwise. */
export interface ClassOptions extends ReadOptions {
  readonly classes?: readonly string[];
}
