import { valueError } from '../base/errors.js';
import {
  type BoxObject,
  type BoxTargets,
  boxLength,
  boxRow,
  type Dataset,
  type ImageShape,
} from '../contracts/index.js';

/** An object of an image, as a person gives it. */
export interface GivenBox {
  /** Left, top, right, bottom in pixels of the image; right and bottom are not part of the box. */
  readonly box: readonly number[];
  /** Index of its class, or its name. */
  readonly class: number | string;
  /** True for a region that is neither object nor background: a crowd, or an object too difficult to score. */
  readonly ignored?: boolean;
}

/**
 * Boxes in shared memory, as many rows for each image as the fullest image needs.
 *
 * @param objects one list an image.
 */
export function packBoxes(objects: readonly (readonly BoxObject[])[]): BoxTargets {
  const capacity = objects.reduce((most, { length }) => Math.max(most, length), 1);
  const boxes = new Float32Array(new SharedArrayBuffer(objects.length * capacity * boxLength * 4));
  for (const [image, own] of objects.entries()) {
    for (const [row, { box, label, ignored }] of own.entries()) {
      const kind = ignored ? boxRow.ignored : boxRow.object;
      boxes.set([...box, label, kind], (image * capacity + row) * boxLength);
    }
  }
  return { kind: 'boxes', boxes, capacity };
}

/**
 * Targets of a dataset whose boxes a person gives in code.
 *
 * @throws ConvoyError `CONVOY_OPTION` for boxes without area or outside of their image, and for unknown classes.
 */
export function boxTargets(
  given: readonly (readonly GivenBox[])[],
  names: readonly string[] | undefined,
  count: number,
  shape: ImageShape,
): Pick<Dataset, 'targets' | 'classes'> {
  if (!Array.isArray(given)) throw valueError('boxes', 'a list of boxes for each image', given);
  if (given.length !== count) throw valueError('boxes', `one list for each of the ${count} images`, given.length);
  const objects = given.map((list, image) => {
    if (!Array.isArray(list)) throw valueError(`boxes[${image}]`, 'a list of { box, class }', list);
    return list.map((object: GivenBox, row) => readBox(object, names, shape, `boxes[${image}][${row}]`));
  });
  const highest = objects.flat().reduce((most, { label }) => Math.max(most, label), 0);
  const classes = names ?? Array.from({ length: highest + 1 }, (_, index) => `${index}`);
  return { targets: packBoxes(objects), classes };
}

function readBox(
  { box, class: given, ignored = false }: GivenBox,
  names: readonly string[] | undefined,
  { height, width }: ImageShape,
  place: string,
): BoxObject {
  const label = typeof given === 'string' ? (names?.indexOf(given) ?? -1) : given;
  if (!Number.isInteger(label) || label < 0 || label >= (names?.length ?? Number.POSITIVE_INFINITY)) {
    const expected = names === undefined ? 'a class index from 0' : `one of ${names.join(', ')}, or its index,`;
    throw valueError(`${place}.class`, expected, given);
  }
  const [left = Number.NaN, top = Number.NaN, right = Number.NaN, bottom = Number.NaN] = box;
  const inside = left >= 0 && top >= 0 && right <= width && bottom <= height;
  if (box.length !== 4 || !inside || !(right > left && bottom > top)) {
    const expected = `left < right and top < bottom inside of ${width} by ${height} pixels (left, top, right, bottom)`;
    throw valueError(`${place}.box`, expected, box);
  }
  return { box: [left, top, right, bottom], label, ignored };
}
