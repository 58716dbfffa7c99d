/** Bad images and objects: thrown or counted, and the rules for boxes. */
import { ConvoyError, fileError } from '../../base/errors.js';
import type { ObjectBox, ReadOptions } from './contract.js';

/** Collects what is left out, or throws the first. */
export class Problems {
  readonly list: ConvoyError[] = [];
  readonly #skip: boolean;

  constructor({ onBad = 'error' }: ReadOptions) {
    this.#skip = onBad === 'skip';
  }

  /** Tells of something that cannot be used. */
  add(error: ConvoyError): void {
    if (!this.#skip) throw error;
    this.list.push(error);
  }

  /** What `read` gives; undefined where it throws an error about data and those are counted. */
  try<Result>(read: () => Result): Result | undefined {
    try {
      return read();
    } catch (error) {
      this.add(dataError(error));
      return undefined;
    }
  }

  /** What `read` gives; undefined where it throws an error about data, which another call tells of. */
  probe<Result>(read: () => Result): Result | undefined {
    try {
      return read();
    } catch (error) {
      dataError(error);
      return undefined;
    }
  }

  /** `try` of a promise. */
  async tryLater<Result>(read: () => Promise<Result>): Promise<Result | undefined> {
    try {
      return await read();
    } catch (error) {
      this.add(dataError(error));
      return undefined;
    }
  }
}

/** Errors about data may be counted; a mistake in the code may not. */
function dataError(error: unknown): ConvoyError {
  if (error instanceof ConvoyError && error.code === 'CONVOY_DATA') return error;
  throw error;
}

/** The error of a mask or polygon, with its file and object. */
export function inFile(file: string, place: string, error: unknown): unknown {
  if (!(error instanceof ConvoyError)) return error;
  const { place: what, expected, found } = error.details;
  if (typeof expected !== 'string' || typeof found !== 'string') return error;
  return fileError('CONVOY_DATA', file, `${place}: ${what}`, expected, found, error);
}

/** How far a box may lie outside its image, pixels: tools round corners. What is outside is cut off. */
const overhang = 1;

/**
 * A box as it is used: cut to its image.
 *
 * @throws ConvoyError `CONVOY_DATA` for a box that is not finite, has no area or lies outside by more than a pixel.
 */
export function checkBox(
  file: string,
  place: string,
  box: readonly number[],
  { width, height }: { readonly width: number; readonly height: number },
): ObjectBox {
  const [left = Number.NaN, top = Number.NaN, right = Number.NaN, bottom = Number.NaN] = box;
  const shown = `[${box.map((side) => Number(side.toFixed(2))).join(', ')}]`;
  const wrong = (expected: string): ConvoyError => fileError('CONVOY_DATA', file, place, expected, shown);
  if (!box.every(Number.isFinite)) throw wrong('a box of finite numbers');
  if (right <= left || bottom <= top) throw wrong('a box with an area, as left, top, right, bottom,');
  if (left < -overhang || top < -overhang || right > width + overhang || bottom > height + overhang) {
    throw wrong(`a box inside the image of ${width}x${height} (width x height), as left, top, right, bottom,`);
  }
  const cut: ObjectBox = [Math.max(0, left), Math.max(0, top), Math.min(width, right), Math.min(height, bottom)];
  if (cut[2] <= cut[0] || cut[3] <= cut[1]) throw wrong(`a box that shares area with the image of ${width}x${height}`);
  return cut;
}

/** The index of a class by its name. @throws ConvoyError `CONVOY_DATA` for one that is none. */
export function classOf(file: string, place: string, name: string, classes: readonly string[]): number {
  const index = classes.indexOf(name);
  if (index >= 0) return index;
  throw fileError('CONVOY_DATA', file, place, `one of the ${classes.length} classes`, JSON.stringify(name));
}
