/** Pascal VOC: boxes (`Annotations`) and segmentations (`SegmentationClass`), by the lists of `ImageSets`. */
import { readdir } from 'node:fs/promises';
import path from 'node:path';
import { fileError } from '../../base/errors.js';
import { unreadable } from '../../images/index.js';
import { checkAborted } from '../options.js';
import type { AnnotatedImage, Annotations, ClassOptions } from './contract.js';
import { checkImageFile, fileInside, linesOf, readText, sizeOfImage, stem } from './files.js';
import { plainValues, readIndexMask } from './index-mask.js';
import { Problems } from './problems.js';
import { readVocXml, type VocFile } from './voc-xml.js';

/** The 20 classes of Pascal VOC; segmentations have `background` before them. */
export const vocClasses: readonly string[] = (
  'aeroplane bicycle bird boat bottle bus car cat chair cow diningtable dog horse motorbike person pottedplant sheep sofa ' +
  'train tvmonitor'
).split(' ');

/** Which images of a folder in Pascal VOC's layout. */
export interface VocOptions extends ClassOptions {
  /** Name of a list in `ImageSets/Main` (boxes) or `ImageSets/Segmentation`; without it every annotated image, by name. */
  readonly split?: string;
}

/**
 * Reads boxes in Pascal VOC's layout: `Annotations/NAME.xml` and `JPEGImages`. Boxes of 1-based pixels with both ends in them
 * become 0-based and half-open.
 *
 * Classes: those given; else VOC's 20 where all names are of them; else the names that occur, sorted.
 *
 * @throws ConvoyError `CONVOY_DATA` naming file and object.
 */
export async function readVoc(root: string, options: VocOptions = {}): Promise<Annotations> {
  const problems = new Problems(options);
  const read: { readonly name: string; readonly xml: VocFile }[] = [];
  for (const name of await namesOf(root, 'Main', 'Annotations', '.xml', options)) {
    checkAborted(options.signal, `reading ${root}`);
    const file = path.join(root, 'Annotations', `${name}.xml`);
    const xml = await problems.tryLater(async () => readVocXml(await readText(file), file));
    if (xml !== undefined) read.push({ name, xml });
  }
  const classes = options.classes ?? classesOf(read.map(({ xml }) => xml));
  const images: AnnotatedImage[] = [];
  for (const { name, xml } of read) {
    const place = `<filename> of ${name}`;
    const image = await problems.tryLater(async () => {
      const file = fileInside(path.join(root, 'JPEGImages'), xml.filename ?? `${name}.jpg`, xml.file, place);
      await checkImageFile(file, xml.file, place);
      const size = xml.size ?? (await sizeOfImage(file));
      return { file, ...size };
    });
    if (image === undefined) continue;
    const objects = xml.objects.flatMap((object) => problems.try(() => object(classes, image)) ?? []);
    images.push({ ...image, objects });
  }
  return { images, classes, problems: problems.list };
}

/**
 * Reads segmentations in Pascal VOC's layout: `JPEGImages/NAME.jpg` and `SegmentationClass/NAME.png`, whose values are the
 * classes; 255 is not counted. Every mask is read, so that wrong ones are known before a training.
 *
 * Classes: those given, with the background; else `background` and VOC's 20.
 *
 * @throws ConvoyError `CONVOY_DATA` naming the file.
 */
export async function readVocSegmentation(root: string, options: VocOptions = {}): Promise<Annotations> {
  const problems = new Problems(options);
  const classes = options.classes ?? ['background', ...vocClasses];
  const classOf = plainValues(classes.length);
  const images: AnnotatedImage[] = [];
  for (const name of await namesOf(root, 'Segmentation', 'SegmentationClass', '.png', options)) {
    checkAborted(options.signal, `reading ${root}`);
    const image = await problems.tryLater(async () => {
      const file = path.join(root, 'JPEGImages', `${name}.jpg`);
      const mask = { file: path.join(root, 'SegmentationClass', `${name}.png`), classOf };
      await checkImageFile(file, root, name);
      const size = await sizeOfImage(file);
      readIndexMask(mask, size);
      return { file, ...size, objects: [], mask };
    });
    if (image !== undefined) images.push(image);
  }
  return { images, classes, problems: problems.list };
}

/** Names of images, without extension: of a list, whose lines may have a number after the name, or of all annotations. */
async function namesOf(
  root: string,
  lists: string,
  folder: string,
  extension: string,
  { split }: VocOptions,
): Promise<string[]> {
  if (split !== undefined) {
    const list = path.join(root, 'ImageSets', lists, `${split}.txt`);
    const lines = linesOf(await readText(list));
    return lines.map(({ line, text }) => {
      const name = text.split(/\s+/)[0] as string;
      if (path.basename(name) === name) return name;
      throw fileError('CONVOY_DATA', list, `line ${line}`, 'the name of an image', JSON.stringify(name));
    });
  }
  const place = path.join(root, folder);
  try {
    const names = await readdir(place);
    return names
      .filter((name) => name.endsWith(extension) && !name.startsWith('.'))
      .map(stem)
      .sort();
  } catch (error) {
    throw fileError('CONVOY_DATA', place, '', 'a readable folder', unreadable(error), error);
  }
}

function classesOf(files: readonly VocFile[]): readonly string[] {
  const names = new Set(files.flatMap((file) => file.names));
  return [...names].every((name) => vocClasses.includes(name)) ? vocClasses : [...names].sort();
}
