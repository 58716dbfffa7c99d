import { choiceError, combinationError, valueError } from '../base/errors.js';
import { type Numbers, numbersOf, type SizedNumbers } from '../base/numbers-of.js';
import { refuseUnknownKeys } from '../base/validate.js';
import {
  type ClassTargets,
  type Dataset,
  type ImageShape,
  ignoredPixel,
  type MultiLabelTargets,
  splits,
} from '../contracts/index.js';
import { boxTargets, type GivenBox } from './boxes-of.js';
import { allocateLabels, allocatePixels, signDataset } from './stores.js';

/** What a dataset is made of. */
export interface ArrayDatasetOptions {
  /**
   * Pixel values, [n, height, width, channels] or [n, height, width] for grey images: a tensor, nested arrays, or a list of
   * tensors or typed arrays; or all in a row, or [n, height * width * channels], with `shape`. Pixels are kept in 8 bits:
   * fractions are rounded.
   */
  readonly images: Numbers;
  /** Class indices from 0 or class names, [n]; or several labels an image, [n, classes] of numbers from 0 to 1. */
  readonly labels?: Numbers | readonly string[];
  /**
   * Instead of labels a class for each pixel, [n, height, width]: indices into `classes`, 255 for a pixel of no class. Or
   * `'images'`: the image itself, for a network that rebuilds what it is shown.
   */
  readonly masks?: Numbers | 'images';
  /** Instead of labels the objects of each image, a list an image: `{ box: [left, top, right, bottom], class }` in pixels. */
  readonly boxes?: readonly (readonly GivenBox[])[];
  /** Class names in the order of the indices; default: the names in `labels` sorted, or the indices themselves. */
  readonly classes?: readonly string[];
  /** Size of an image, where `images` does not have it. */
  readonly shape?: ImageShape;
  /** The pixel value of white: 255, the default, or 1 for pixels from 0 to 1. */
  readonly white?: 1 | 255;
  /** For logs and the run's record; default `data`. */
  readonly name?: string;
  /** Default `train`. */
  readonly split?: Dataset['split'];
}

const optionNames = ['images', 'labels', 'masks', 'boxes', 'classes', 'shape', 'white', 'name', 'split'];

/** Targets of one or several classes an image. */
interface Labelled {
  readonly targets: ClassTargets | MultiLabelTargets;
  readonly classes: readonly string[];
}

/** Most classes that indices alone may stand for: a number above is no class index. */
const mostIndices = 65_536;

/**
 * A dataset of images that are in memory: copied into shared memory once, for all threads.
 *
 * @throws ConvoyError `CONVOY_OPTION` for values out of range, sizes that differ, or labels that do not fit the images.
 */
export function datasetFromArrays(options: ArrayDatasetOptions): Dataset {
  refuseUnknownKeys('datasetFromArrays', options, optionNames);
  const { name = 'data', split = 'train', white } = options;
  if (!splits.includes(split)) throw choiceError('split', split, { known: splits });
  if (Array.isArray(options.images) && typeof options.images[0] === 'string') {
    throw valueError('images', 'pixel values', options.images[0], 'datasetFromFolder reads files');
  }
  const numbers = numbersOf(options.images, 'images');
  const { count, shape } = imagesOf(numbers, options.shape);
  checkPixels(numbers.values, white);
  const pixels = allocatePixels(count, shape, name);
  const scale = 255 / (white ?? 255);
  for (let index = 0; index < pixels.length; index++) {
    pixels[index] = Math.round((numbers.values[index] as number) * scale);
  }
  const { targets, classes } = targetsFor(options, count, shape);
  const store = { kind: 'pixels', pixels } as const;
  return signDataset({ name, split, count, classes, shape, store, targets });
}

/** Refuses pixels out of range, and those that look like shares of white where nobody said so. */
function checkPixels(values: ArrayLike<number>, white: number | undefined): void {
  if (white !== undefined && white !== 1 && white !== 255) throw valueError('white', '1 or 255', white);
  const most = white ?? 255;
  let highest = 0;
  for (let index = 0; index < values.length; index++) {
    const value = values[index] as number;
    if (!(value >= 0 && value <= most)) throw valueError('images', `pixel values from 0 to ${most}`, value);
    if (value > highest) highest = value;
  }
  if (white === undefined && highest > 0 && highest <= 1) {
    const advice = 'say white: 1 for pixels from 0 to 1, or white: 255 for nearly black images';
    throw valueError('images', 'a pixel above 1, as white is 255,', highest, advice);
  }
}

function imagesOf({ values, size }: SizedNumbers, given?: ImageShape): { count: number; shape: ImageShape } {
  if (given !== undefined) checkShape(given);
  const [count = 0, height = 0, width = 0, channels = 1] = size;
  if (values.length === 0) throw valueError('images', 'at least one image', 'none');
  if (size.length > 4) throw valueError('images', '[n, height, width, channels]', size);
  if (size.length < 3) {
    if (given === undefined) throw valueError('shape', '{ height, width, channels } beside pixels in a row', given);
    const each = given.height * given.width * given.channels;
    const fits = size.length === 1 ? values.length % each === 0 : height === each;
    if (!fits) throw valueError('images', `${each} values for each image, as shape says`, size);
    return {
      count: values.length / each,
      shape: { height: given.height, width: given.width, channels: given.channels },
    };
  }
  if (channels > 4 && (height === 1 || height === 3)) {
    throw valueError('images', 'channels in the last place', size, 'transpose [n, channels, height, width]');
  }
  const shape = { height, width, channels };
  if (given !== undefined && sizeOf(given) !== sizeOf(shape)) {
    throw valueError('shape', `the size of the images, ${sizeOf(shape)}, or nothing`, sizeOf(given));
  }
  return { count, shape };
}

function checkShape(shape: ImageShape): void {
  const { height, width, channels } = shape;
  if ([height, width, channels].every((side) => Number.isInteger(side) && side > 0)) return;
  throw valueError('shape', '{ height, width, channels }, integers of at least 1,', shape);
}

function sizeOf({ height, width, channels }: ImageShape): string {
  return `${height}x${width}x${channels}`;
}

/** Labels, masks, boxes or the images themselves, one for each image. */
function targetsFor(
  { labels, masks, boxes, classes }: ArrayDatasetOptions,
  count: number,
  shape: ImageShape,
): Pick<Dataset, 'targets' | 'classes'> {
  if (boxes !== undefined) {
    const other = labels !== undefined ? 'labels' : masks !== undefined ? 'masks' : undefined;
    if (other !== undefined) throw combinationError('boxes', 'excludes', `${other}: a dataset has one or the other`);
    refuseRepeated(classes);
    return boxTargets(boxes, classes, count, shape);
  }
  if (masks !== undefined) {
    if (labels !== undefined) throw combinationError('masks', 'excludes', 'labels: a dataset has one or the other');
    if (masks === 'images') return { targets: { kind: 'pixels' }, classes: classes ?? ['image'] };
    return maskTargets(masks, classes, count, shape);
  }
  const found = targetsOf(labels, classes);
  const { targets } = found;
  const labelled = targets.kind === 'classes' ? targets.labels.length : targets.values.length / found.classes.length;
  if (labelled !== count) throw valueError('labels', `one for each of the ${count} images`, labelled);
  return found;
}

function maskTargets(
  masks: Numbers,
  given: readonly string[] | undefined,
  count: number,
  { height, width }: ImageShape,
): Pick<Dataset, 'targets' | 'classes'> {
  const { values, size } = numbersOf(masks, 'masks');
  const expected = [count, height, width];
  // Numbers behind each other are as good as images behind each other.
  const flat = size.length === 1 && size[0] === count * height * width;
  const found = flat ? expected : size.length === 4 && size[3] === 1 ? size.slice(0, 3) : size;
  if (found.length !== 3 || found.some((side, axis) => side !== expected[axis])) {
    throw valueError('masks', `a class for each pixel, [${expected.join(', ')}]`, size);
  }
  const most = given?.length ?? ignoredPixel;
  const pixels = new Uint8Array(new SharedArrayBuffer(values.length));
  let highest = 0;
  for (let index = 0; index < values.length; index++) {
    const label = values[index] as number;
    if (label !== ignoredPixel && !(Number.isInteger(label) && label >= 0 && label < most)) {
      const image = Math.floor(index / (height * width));
      throw valueError(
        `masks[${image}]`,
        `class indices from 0 to ${most - 1}, or ${ignoredPixel} for no class`,
        label,
      );
    }
    pixels[index] = label;
    if (label !== ignoredPixel) highest = Math.max(highest, label);
  }
  const classes = given ?? Array.from({ length: Math.max(2, highest + 1) }, (_, index) => `${index}`);
  return { targets: { kind: 'masks', masks: pixels }, classes };
}

function targetsOf(labels: ArrayDatasetOptions['labels'], given?: readonly string[]): Labelled {
  refuseRepeated(given);
  if (labels === undefined || labels === null) throw valueError('labels', 'a class for each image', labels);
  if (Array.isArray(labels) && typeof labels[0] === 'string') return namedClasses(labels as readonly string[], given);
  const { values, size } = numbersOf(labels, 'labels');
  const [, width = 1] = size;
  if (size.length > 2) throw valueError('labels', '[n] or [n, classes]', size);
  return size.length === 2 && width > 1 ? manyLabels(values, width, given) : indexedClasses(values, given);
}

function refuseRepeated(given: readonly string[] | undefined): void {
  const repeated = given?.find((name, index) => given.indexOf(name) !== index);
  if (repeated !== undefined) throw valueError('classes', 'different names', `${repeated} twice`);
}

function namedClasses(labels: readonly string[], given?: readonly string[]): Labelled {
  const classes = given ?? [...new Set(labels)].sort();
  const places = new Map(classes.map((label, index) => [label, index]));
  const indices = allocateLabels(labels.length);
  for (const [index, label] of labels.entries()) {
    const place = places.get(label);
    if (typeof label !== 'string') throw valueError(`labels[${index}]`, 'a class name, as the first label', label);
    if (place === undefined) throw valueError(`labels[${index}]`, `one of ${classes.join(', ')}`, label);
    indices[index] = place;
  }
  return { targets: { kind: 'classes', labels: indices }, classes };
}

function indexedClasses(labels: ArrayLike<number>, given?: readonly string[]): Labelled {
  const most = given?.length ?? mostIndices;
  const indices = allocateLabels(labels.length);
  let highest = 0;
  for (let index = 0; index < labels.length; index++) {
    const label = labels[index] as number;
    if (!Number.isInteger(label) || label < 0 || label >= most) {
      throw valueError(`labels[${index}]`, `a class index from 0 to ${most - 1}`, label);
    }
    indices[index] = label;
    highest = Math.max(highest, label);
  }
  const classes = given ?? Array.from({ length: highest + 1 }, (_, index) => `${index}`);
  return { targets: { kind: 'classes', labels: indices }, classes };
}

function manyLabels(labels: ArrayLike<number>, width: number, given?: readonly string[]): Labelled {
  const classes = given ?? Array.from({ length: width }, (_, index) => `${index}`);
  if (classes.length !== width) throw valueError('classes', `${width} names, one for each column of labels`, classes);
  const values = new Float32Array(new SharedArrayBuffer(4 * labels.length));
  values.set(labels);
  const wrong = values.findIndex((value) => !(value >= 0 && value <= 1));
  if (wrong >= 0) {
    throw valueError(`labels[${Math.floor(wrong / width)}]`, `${width} numbers from 0 to 1`, labels[wrong]);
  }
  return { targets: { kind: 'multi-label', values }, classes };
}
