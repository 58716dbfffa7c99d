/** One annotation file of Pascal VOC. */
import { fileError } from '../../base/errors.js';
import { limits } from '../limits.js';
import type { AnnotatedObject } from './contract.js';
import { checkBox, classOf } from './problems.js';
import { childOf, neededChild, numberIn, parseXml, type XmlElement } from './xml.js';

interface Size {
  readonly width: number;
  readonly height: number;
}

/** An annotation file. */
export interface VocFile {
  readonly file: string;
  /** The image's file name; undefined where the annotation does not say it. */
  readonly filename: string | undefined;
  /** Undefined where the annotation does not say it. */
  readonly size: Size | undefined;
  /** Names of the objects' classes. */
  readonly names: readonly string[];
  /** Makes each object; throws ConvoyError `CONVOY_DATA` naming its line. */
  readonly objects: readonly ((classes: readonly string[], size: Size) => AnnotatedObject)[];
}

/** Reads an annotation file. @throws ConvoyError `CONVOY_DATA` naming the line. */
export function readVocXml(text: string, file: string): VocFile {
  const root = parseXml(text, file);
  if (root.name !== 'annotation') {
    throw fileError('CONVOY_DATA', file, `line ${root.line}`, '<annotation>', `<${root.name.slice(0, 40)}>`);
  }
  const objects = root.children.filter(({ name }) => name === 'object');
  const size = childOf(root, 'size');
  return {
    file,
    filename: childOf(root, 'filename')?.text || undefined,
    size: size === undefined ? undefined : sizeIn(size, file),
    names: objects.flatMap((object) => childOf(object, 'name')?.text ?? []),
    objects: objects.map((object, index) => (classes, image) => objectIn(object, index, file, classes, image)),
  };
}

/** Some tools write 0 for a size that they do not know. */
function sizeIn(element: XmlElement, file: string): Size | undefined {
  const [width, height] = [numberIn(element, 'width', file), numberIn(element, 'height', file)];
  if (width === 0 && height === 0) return undefined;
  if (
    Number.isInteger(width) &&
    Number.isInteger(height) &&
    width >= 1 &&
    height >= 1 &&
    width * height <= limits.imagePixels
  ) {
    return { width, height };
  }
  throw fileError(
    'CONVOY_DATA',
    file,
    `line ${element.line}`,
    'width and height of an image',
    `${width} and ${height}`,
  );
}

function objectIn(
  element: XmlElement,
  index: number,
  file: string,
  classes: readonly string[],
  size: Size,
): AnnotatedObject {
  const place = `line ${element.line}, object ${index + 1}`;
  const box = neededChild(element, 'bndbox', file);
  const side = (name: string): number => numberIn(box, name, file);
  return {
    class: classOf(file, place, neededChild(element, 'name', file).text, classes),
    // From 1, both ends in the box: the left end moves by a pixel, the right one is where the next pixel begins.
    box: checkBox(file, place, [side('xmin') - 1, side('ymin') - 1, side('xmax'), side('ymax')], size),
    crowd: false,
    ignore: false,
    difficult: childOf(element, 'difficult') !== undefined && numberIn(element, 'difficult', file) !== 0,
  };
}
