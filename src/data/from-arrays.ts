import { valueError } from '../base/errors.js';
import type { Dataset, ImageShape } from '../contracts/index.js';
import { allocateLabels, allocatePixels, signDataset } from './stores.js';

/** A tensor of tfjs; this file does not load it. */
interface TensorValues {
  readonly shape: readonly number[];
  dataSync(): ArrayLike<number>;
  arraySync(): unknown;
}
type Nested = readonly number[] | readonly Nested[];

/** What a dataset is made of. */
export interface ArrayDatasetOptions {
  /**
   * Pixel values from 0 to 255, [n, height, width, channels] or [n, height, width] for grey images: a tensor or nested arrays;
   * or all in a row in a typed array, with `shape`.
   */
  readonly images: TensorValues | Nested | Uint8Array | Uint8ClampedArray;
  /** Class indices from 0, or class names; or several labels an image: [n, classes] of numbers from 0 to 1. */
  readonly labels:
    | TensorValues
    | readonly (number | string)[]
    | Uint8Array
    | Int32Array
    | readonly (readonly number[])[];
  /** Class names in the order of the indices; default: the names in `labels` sorted, or the indices themselves. */
  readonly classes?: readonly string[];
  /** Size of an image; needed for a typed array. */
  readonly shape?: ImageShape;
  /** For logs and the run's record; default `data`. */
  readonly name?: string;
  /** Default `train`. */
  readonly split?: Dataset['split'];
}

/**
 * A dataset of images that are in memory: copied into shared memory once, for all threads.
 *
 * @throws ConvoyError `CONVOY_OPTION` for values out of range, sizes that differ, or labels that do not fit the images.
 */
export function datasetFromArrays(options: ArrayDatasetOptions): Dataset {
  const { name = 'data', split = 'train' } = options;
  const { values, size } = flatten(options.images);
  const { count, shape } = imagesOf(values.length, size, options.shape);
  const pixels = allocatePixels(count, shape, name);
  for (let index = 0; index < values.length; index++) {
    const value = values[index] as number;
    if (!Number.isInteger(value) || value < 0 || value > 255) throw pixelError(value);
    pixels[index] = value;
  }
  const { targets, classes } = targetsOf(options.labels, options.classes);
  const labelled = targets.kind === 'classes' ? targets.labels.length : targets.values.length / classes.length;
  if (labelled !== count) throw valueError('labels', `one for each of the ${count} images`, labelled);
  const store = { kind: 'pixels', pixels } as const;
  return signDataset({ name, split, count, classes, shape, store, targets });
}

function pixelError(value: number): Error {
  const shares = value > 0 && value < 1 ? ' (multiply shares from 0 to 1 by 255 and round)' : '';
  return valueError('images', `integers from 0 to 255${shares}`, value);
}

function flatten(images: ArrayDatasetOptions['images']): {
  readonly values: ArrayLike<number>;
  readonly size: readonly number[];
} {
  if (isTensor(images)) return { values: images.dataSync(), size: images.shape };
  if (ArrayBuffer.isView(images)) return { values: images as Uint8Array, size: [images.byteLength] };
  const size: number[] = [];
  for (let at: unknown = images; Array.isArray(at); at = at[0]) size.push(at.length);
  const values = (images as readonly unknown[]).flat(3) as number[];
  if (values.length !== size.reduce((product, side) => product * side, 1)) {
    throw valueError('images', `arrays of one size (the first says ${size.join('x')})`, `${values.length} values`);
  }
  return { values, size };
}

function imagesOf(length: number, size: readonly number[], given?: ImageShape): { count: number; shape: ImageShape } {
  if (size.length === 3 || size.length === 4) {
    const [count = 0, height = 0, width = 0, channels = 1] = size;
    return { count, shape: { height, width, channels } };
  }
  if (given === undefined) throw valueError('shape', 'height, width and channels beside pixels in a row', given);
  const bytes = given.height * given.width * given.channels;
  if (length % bytes !== 0) throw valueError('images', `a multiple of the ${bytes} values of an image`, length);
  return { count: length / bytes, shape: { height: given.height, width: given.width, channels: given.channels } };
}

function targetsOf(
  labels: ArrayDatasetOptions['labels'],
  given?: readonly string[],
): Pick<Dataset, 'targets' | 'classes'> {
  if (isTensor(labels)) {
    return targetsOf(labels.arraySync() as readonly number[] | readonly (readonly number[])[], given);
  }
  const list: readonly unknown[] = ArrayBuffer.isView(labels) ? [...labels] : labels;
  if (Array.isArray(list[0])) return manyLabels(list as readonly (readonly number[])[], given);
  const named = typeof list[0] === 'string';
  const highest = named ? 0 : Math.max(...(list as number[]));
  const usual = named
    ? [...new Set(list as string[])].sort()
    : Array.from({ length: highest + 1 }, (_, index) => `${index}`);
  const classes = given ?? usual;
  const places = new Map(classes.map((label, index) => [label, index]));
  const indices = allocateLabels(list.length);
  for (const [index, label] of list.entries()) {
    const place = typeof label === 'string' ? places.get(label) : (label as number);
    if (place === undefined || !Number.isInteger(place) || place < 0 || place >= classes.length) {
      const expected = named ? `one of ${classes.join(', ')}` : `integers from 0 to ${classes.length - 1}`;
      throw valueError(`labels[${index}]`, expected, label);
    }
    indices[index] = place;
  }
  return { targets: { kind: 'classes', labels: indices }, classes };
}

function manyLabels(
  rows: readonly (readonly number[])[],
  given?: readonly string[],
): Pick<Dataset, 'targets' | 'classes'> {
  const width = rows[0]?.length ?? 0;
  const classes = given ?? Array.from({ length: width }, (_, index) => `${index}`);
  if (classes.length !== width) throw valueError('classes', `${width} names, one for each column of labels`, classes);
  const values = new Float32Array(new SharedArrayBuffer(4 * rows.length * width));
  for (const [index, row] of rows.entries()) {
    if (row.length !== width || row.some((value) => !(value >= 0 && value <= 1))) {
      throw valueError(`labels[${index}]`, `${width} numbers from 0 to 1`, row);
    }
    values.set(row, index * width);
  }
  return { targets: { kind: 'multi-label', values }, classes };
}

function isTensor(value: unknown): value is TensorValues {
  return typeof value === 'object' && value !== null && 'dataSync' in value && 'shape' in value;
}
