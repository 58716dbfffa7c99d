/** One annotation of COCO. */
import { fileError } from '../../base/errors.js';
import { checkPolygon, rleFromCounts, rleFromText } from '../../masks/index.js';
import type { AnnotatedObject, Segmentation } from './contract.js';
import { checkBox, inFile } from './problems.js';

/** An annotation and where it stands. */
export interface CocoSource {
  readonly file: string;
  readonly place: string;
  readonly entry: Readonly<Record<string, unknown>>;
}

interface Size {
  readonly width: number;
  readonly height: number;
}

/** The object of an annotation. @throws ConvoyError `CONVOY_DATA` naming file and object. */
export function cocoObject(source: CocoSource, classIndex: number, size: Size): AnnotatedObject {
  const { file, place, entry } = source;
  const { bbox, area, segmentation } = entry;
  if (!isNumbers(bbox) || bbox.length !== 4) {
    throw fileError('CONVOY_DATA', file, place, '"bbox" as [left, top, width, height]', shown(bbox));
  }
  const [left, top, width, height] = bbox as [number, number, number, number];
  const outline =
    segmentation === undefined || segmentation === null ? undefined : outlineOf(source, segmentation, size);
  return {
    class: classIndex,
    box: checkBox(file, place, [left, top, left + width, top + height], size),
    crowd: flag(source, 'iscrowd'),
    ignore: flag(source, 'ignore'),
    difficult: false,
    ...(typeof area === 'number' && Number.isFinite(area) ? { area } : {}),
    ...(outline === undefined ? {} : { segmentation: outline }),
  };
}

/** Polygons, or an encoding with its size and counts as a text or a list. No polygon at all is no outline. */
function outlineOf({ file, place }: CocoSource, value: unknown, size: Size): Segmentation | undefined {
  try {
    if (Array.isArray(value)) {
      if (value.length === 0) return undefined;
      const polygons = value.map((points: unknown) => {
        if (isNumbers(points)) return checkPolygon(points);
        throw fileError('CONVOY_DATA', file, place, 'polygons as lists of x and y in turn', shown(points));
      });
      return { polygons };
    }
    const { size: sides, counts } = value as Readonly<Record<string, unknown>>;
    if (!isNumbers(sides) || sides[0] !== size.height || sides[1] !== size.width) {
      throw fileError(
        'CONVOY_DATA',
        file,
        place,
        `an RLE of size [${size.height}, ${size.width}], as the image`,
        shown(sides),
      );
    }
    if (typeof counts === 'string') return { rle: rleFromText(counts, [size.height, size.width]) };
    if (Array.isArray(counts)) return { rle: rleFromCounts(counts, [size.height, size.width]) };
    throw fileError('CONVOY_DATA', file, place, '"counts" of the RLE as a text or a list', shown(counts));
  } catch (error) {
    throw inFile(file, place, error);
  }
}

function flag({ file, place, entry }: CocoSource, key: string): boolean {
  const value = entry[key] ?? 0;
  if (value === 0 || value === 1 || typeof value === 'boolean') return Boolean(value);
  throw fileError('CONVOY_DATA', file, place, `0 or 1 for "${key}"`, shown(value));
}

function isNumbers(value: unknown): value is number[] {
  return Array.isArray(value) && value.every((item) => typeof item === 'number');
}

function shown(value: unknown): string {
  return value === undefined ? 'none' : JSON.stringify(value).slice(0, 60);
}
