/** A folder of images and a folder of masks with the same names. */

import path from 'node:path';
import { fileError } from '../../base/errors.js';
import { ignoredPixel } from '../../contracts/index.js';
import { firstEntry } from '../entries.js';
import { checkAborted } from '../options.js';
import type { AnnotatedImage, Annotations, ClassOptions } from './contract.js';
import { imagesBelow, sizeOfImage, stem } from './files.js';
import { MaskScans, maskValues, plainValues } from './index-mask.js';
import { Problems } from './problems.js';

/** How masks are read. */
export interface MaskFolderOptions extends ClassOptions {
  /** True: 0 is the background and every other value the object. False (default): values are classes, 255 is not counted. */
  readonly binary?: boolean;
}

/** What may stand after an image's name in its mask's name. */
const suffixes = ['', '_mask', '-mask', '_seg', '_gt', '_L'];
const imageFolders = ['images', 'image', 'imgs', 'img', 'JPEGImages'];
const maskFolders = ['masks', 'mask', 'labels', 'label', 'annotations', 'SegmentationClass'];

/**
 * Reads images and their masks, PNG files with a palette or of grey, by name: `a/1.jpg` with `a/1.png` or `a/1_mask.png`. Every mask
 * is read, so that wrong ones are known before a training.
 *
 * Classes: those given; else as many as the highest value below 255 asks for, named by number; of binary masks `background`
 * and `object`.
 *
 * @param places the two folders, or one that holds `images` and `masks` (or their usual other names).
 * @param scans of masks that were read before.
 * @throws ConvoyError `CONVOY_DATA` naming the file; also where all masks have the values 0 and 255 alone and `binary` is not set.
 */
export async function readMaskFolders(
  places: string | { readonly images: string; readonly masks: string },
  options: MaskFolderOptions = {},
  scans = new MaskScans(),
): Promise<Annotations> {
  const problems = new Problems(options);
  const folders = typeof places === 'string' ? await foldersIn(places) : places;
  const pairs = await pairsOf(folders, options, problems);
  const classes = options.classes ?? classesOf(folders.masks, pairs, options, { problems, scans });
  const classOf = options.binary === true ? binaryValues() : plainValues(classes.length);
  const images: AnnotatedImage[] = [];
  for (const { image: file, mask: maskFile } of pairs) {
    checkAborted(options.signal, `reading ${folders.images}`);
    const image = await problems.tryLater(async () => {
      const size = await sizeOfImage(file);
      const mask = { file: maskFile, classOf };
      scans.check(mask, size);
      return { file, ...size, objects: [], mask };
    });
    if (image !== undefined) images.push(image);
  }
  return { images, classes, problems: problems.list };
}

/** Whether all masks have the values 0 and 255 alone: black and white pictures, in which white is the object. */
export async function masksAreBinary(
  root: string,
  { signal }: Pick<ClassOptions, 'signal'> = {},
  scans = new MaskScans(),
): Promise<boolean> {
  const problems = new Problems({ onBad: 'skip' });
  const pairs = await pairsOf(await foldersIn(root), signal === undefined ? {} : { signal }, problems);
  const values = new Set(pairs.flatMap(({ mask }) => problems.probe(() => scans.of(mask).values) ?? []));
  return values.has(ignoredPixel) && [...values].every((value) => value === 0 || value === ignoredPixel);
}

const binaryValues = (): Int16Array => maskValues({ ...Object.fromEntries(Array(256).fill(1).entries()), 0: 0 });

async function foldersIn(root: string): Promise<{ images: string; masks: string }> {
  const images = await firstEntry(root, imageFolders, 'folder');
  const masks = await firstEntry(root, maskFolders, 'folder');
  if (images !== undefined && masks !== undefined) return { images, masks };
  const missing = images === undefined ? imageFolders : maskFolders;
  throw fileError('CONVOY_DATA', root, '', `a folder called ${missing.slice(0, 3).join(', ')}`, 'none');
}

interface Pair {
  readonly image: string;
  readonly mask: string;
}

async function pairsOf(
  { images, masks }: { readonly images: string; readonly masks: string },
  { signal }: MaskFolderOptions,
  problems: Problems,
): Promise<Pair[]> {
  const byName = new Map((await imagesBelow(masks, signal)).map((file) => [stem(file), file]));
  const used = new Set<string>();
  const pairs: Pair[] = [];
  for (const file of await imagesBelow(images, signal)) {
    const name = suffixes.map((suffix) => stem(file) + suffix).find((candidate) => byName.has(candidate));
    if (name === undefined) {
      problems.add(fileError('CONVOY_DATA', path.join(images, file), '', `a mask of its name in ${masks}`, 'none'));
      continue;
    }
    used.add(name);
    pairs.push({ image: path.join(images, file), mask: path.join(masks, byName.get(name) as string) });
  }
  for (const [name, file] of byName) {
    if (!used.has(name)) {
      problems.add(fileError('CONVOY_DATA', path.join(masks, file), '', `an image of its name in ${images}`, 'none'));
    }
  }
  return pairs;
}

function classesOf(
  folder: string,
  pairs: readonly Pair[],
  { binary }: MaskFolderOptions,
  { problems, scans }: { readonly problems: Problems; readonly scans: MaskScans },
): string[] {
  if (binary === true) return ['background', 'object'];
  const values = new Set(pairs.flatMap(({ mask }) => problems.probe(() => scans.of(mask).values) ?? []));
  const classes = [...values].filter((value) => value !== ignoredPixel);
  if (values.has(ignoredPixel) && classes.every((value) => value === 0)) {
    const expected = 'values of classes beside 0 and 255, which is not counted (binary: true takes 255 as the object)';
    throw fileError('CONVOY_DATA', folder, '', expected, `${[...values].sort((a, b) => a - b).join(' and ')} alone`);
  }
  return Array.from({ length: Math.max(0, ...classes) + 1 }, (_, index) => String(index));
}
