/** Masks: which class each pixel of an image is of. */
import { type ConvoyError, fileError } from '../../base/errors.js';
import { ignoredPixel } from '../../contracts/index.js';
import { BadImageError, readImageFile } from '../../images/index.js';
import { readIndexPng } from './index-png.js';

/** A mask file and what its values mean. */
export interface IndexMask {
  readonly file: string;
  /** [256], of each value in the file: the class, 255 for pixels that are not counted, -1 for a value that must not occur. */
  readonly classOf: Int16Array;
}

/** Width and height. */
interface Size {
  readonly width: number;
  readonly height: number;
}

/** Meaning of values: `classOf` by value; those not named must not occur. */
export function maskValues(values: Readonly<Record<number, number>>): Int16Array {
  const classOf = new Int16Array(256).fill(-1);
  for (const [value, index] of Object.entries(values)) classOf[Number(value)] = index;
  return classOf;
}

/** Values that are the classes themselves, and 255 for pixels that are not counted. */
export function plainValues(classes: number): Int16Array {
  const values = Array.from({ length: classes }, (_, index) => [index, index] as const);
  return maskValues({ ...Object.fromEntries(values), [ignoredPixel]: ignoredPixel });
}

/**
 * The classes of a mask: palette indices or grey levels of a PNG, translated.
 *
 * @param size that of the image.
 * @returns [height, width], row by row; 255 for pixels that are not counted.
 * @throws ConvoyError `CONVOY_DATA` for a file that is no such PNG, another size, or a value that must not occur.
 */
export function readIndexMask({ file, classOf }: IndexMask, size: Size): Uint8Array {
  const { width, height, data } = readValues(file);
  const wrong = (place: string, expected: string, found: string): ConvoyError =>
    fileError('CONVOY_DATA', file, place, expected, found);
  if (width !== size.width || height !== size.height) {
    throw wrong(
      '',
      `a mask of ${size.width}x${size.height} (width x height), as its image`,
      `one of ${width}x${height}`,
    );
  }
  for (let pixel = 0; pixel < data.length; pixel++) {
    const index = classOf[data[pixel] as number] as number;
    if (index < 0) {
      const place = `column ${pixel % width}, row ${Math.floor(pixel / width)}`;
      throw wrong(place, `a value of ${allowed(classOf)}`, String(data[pixel]));
    }
    data[pixel] = index;
  }
  return data;
}

/** What a mask file holds, without its pixels. */
export interface MaskScan extends Size {
  /** That occur, rising. */
  readonly values: readonly number[];
}

/** Reads size and values of a mask file. @throws ConvoyError `CONVOY_DATA` for a file that is no mask. */
export function scanMask(file: string): MaskScan {
  const { width, height, data } = readValues(file);
  const seen = new Uint8Array(256);
  for (const value of data) seen[value] = 1;
  return { width, height, values: [...seen.keys()].filter((value) => seen[value] === 1) };
}

/** Scans of mask files, each read once. */
export class MaskScans {
  readonly #read: (file: string) => MaskScan;
  readonly #known = new Map<string, MaskScan>();

  constructor(read = scanMask) {
    this.#read = read;
  }

  /** The scan of a file. @throws ConvoyError `CONVOY_DATA` for a file that is no mask. */
  of(file: string): MaskScan {
    const known = this.#known.get(file) ?? this.#read(file);
    this.#known.set(file, known);
    return known;
  }

  /** Checks a mask as `readIndexMask` does, with the same errors. */
  check(mask: IndexMask, { width, height }: Size): void {
    const scan = this.of(mask.file);
    const fits = scan.width === width && scan.height === height;
    // Where a wrong value lies, its pixels say.
    if (!fits || scan.values.some((value) => (mask.classOf[value] as number) < 0))
      readIndexMask(mask, { width, height });
  }
}

function readValues(file: string): ReturnType<typeof readIndexPng> {
  try {
    return readIndexPng(readImageFile(file));
  } catch (error) {
    throw error instanceof BadImageError ? error.of(file) : error;
  }
}

/** Values that may occur, in words: `0 to 20, 255`. */
function allowed(classOf: Int16Array): string {
  const values = [...classOf.keys()].filter((value) => (classOf[value] as number) >= 0);
  const ranges: string[] = [];
  for (let i = 0; i < values.length; i++) {
    const first = values[i] as number;
    while (values[i + 1] === (values[i] as number) + 1) i++;
    ranges.push(values[i] === first ? String(first) : `${first} to ${values[i]}`);
  }
  return ranges.join(', ');
}
