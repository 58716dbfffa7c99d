/** YOLO's texts: a line for each object, `class x y width height` in shares of the image, or a polygon; docs of Ultralytics, datasets. */
import { stat } from 'node:fs/promises';
import path from 'node:path';
import { fileError } from '../../base/errors.js';
import { checkPolygon } from '../../masks/index.js';
import { checkAborted } from '../options.js';
import type { AnnotatedImage, AnnotatedObject, Annotations, ReadOptions } from './contract.js';
import { linesOf, readText, sizeOfImage, stem } from './files.js';
import { checkBox, inFile, Problems } from './problems.js';
import { type YoloConfig, yoloConfig, yoloImages } from './yolo-config.js';

/** Which images of a dataset. */
export interface YoloOptions extends ReadOptions {
  /** Key of `data.yaml`: `train` (default), `val`, `test`. Without a `data.yaml`, the folder of that name below `images`. */
  readonly split?: string;
}

/**
 * Reads a dataset of YOLO: `data.yaml`, or a folder with `classes.txt`, `images` and `labels`. The labels of
 * `.../images/NAME.jpg` stand in `.../labels/NAME.txt`; an image without such a file has no object.
 *
 * @param place the YAML file, or the folder that it or `classes.txt` lies in.
 * @throws ConvoyError `CONVOY_DATA` naming file and line.
 */
export async function readYolo(place: string, { split = 'train', ...options }: YoloOptions = {}): Promise<Annotations> {
  const problems = new Problems(options);
  const config: YoloConfig = await yoloConfig(place);
  const images: AnnotatedImage[] = [];
  for (const file of await yoloImages(config, split, options.signal)) {
    checkAborted(options.signal, `reading ${place}`);
    const image = await problems.tryLater(async () => ({ file, ...(await sizeOfImage(file)) }));
    if (image === undefined) continue;
    const labels = labelsOf(file);
    const text = (await stat(labels).catch(() => undefined)) === undefined ? '' : await readText(labels);
    const objects = linesOf(text).flatMap(
      ({ line, text: row }) => problems.try(() => objectOf(row, labels, `line ${line}`, config.classes, image)) ?? [],
    );
    images.push({ ...image, objects });
  }
  return { images, classes: config.classes, problems: problems.list };
}

/** The last folder `images` of a path becomes `labels`. */
function labelsOf(file: string): string {
  const parts = file.split(path.sep);
  const at = parts.lastIndexOf('images', parts.length - 2);
  if (at >= 0) parts[at] = 'labels';
  return `${stem(parts.join(path.sep))}.txt`;
}

/** How far a share may lie outside of 0 to 1: tools round. */
const rounding = 1e-3;

function objectOf(
  row: string,
  file: string,
  place: string,
  classes: readonly string[],
  { width, height }: { readonly width: number; readonly height: number },
): AnnotatedObject {
  const values = row.split(/\s+/).map(Number);
  const [index, ...shares] = values as [number, ...number[]];
  const isBox = shares.length === 4;
  const isPolygon = shares.length >= 6 && shares.length % 2 === 0;
  if (!values.every(Number.isFinite) || !(isBox || isPolygon)) {
    const expected = 'a class and x, y, width, height, or a class and at least 3 points';
    throw fileError('CONVOY_DATA', file, place, expected, JSON.stringify(row.slice(0, 60)));
  }
  if (!Number.isInteger(index) || index < 0 || index >= classes.length) {
    throw fileError('CONVOY_DATA', file, place, `a class from 0 to ${classes.length - 1}`, String(index));
  }
  const wrong = shares.find((share) => share < -rounding || share > 1 + rounding);
  if (wrong !== undefined) {
    throw fileError('CONVOY_DATA', file, place, "shares of the image's sides, 0 to 1,", `${wrong}; are these pixels?`);
  }
  const base = { class: index, crowd: false, ignore: false, difficult: false };
  if (isBox) {
    const [x, y, w, h] = shares as [number, number, number, number];
    const box = [(x - w / 2) * width, (y - h / 2) * height, (x + w / 2) * width, (y + h / 2) * height];
    return { ...base, box: checkBox(file, place, box, { width, height }) };
  }
  const points = shares.map((share, at) => share * (at % 2 === 0 ? width : height));
  try {
    const segmentation = { polygons: [checkPolygon(points)] };
    return { ...base, box: checkBox(file, place, boxAround(points), { width, height }), segmentation };
  } catch (error) {
    throw inFile(file, place, error);
  }
}

/** Left, top, right, bottom of points, x and y in turn. */
function boxAround(points: readonly number[]): number[] {
  const box = [Number.POSITIVE_INFINITY, Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY, Number.NEGATIVE_INFINITY];
  points.forEach((value, at) => {
    const axis = at % 2;
    box[axis] = Math.min(box[axis] as number, value);
    box[axis + 2] = Math.max(box[axis + 2] as number, value);
  });
  return box;
}
