/** The Oxford-IIIT Pet dataset's layout: `images/NAME.jpg`, `annotations/trimaps/NAME.png`, lists in `annotations`. */

import path from 'node:path';
import { fileError } from '../../base/errors.js';
import { ignoredPixel } from '../../contracts/index.js';
import { checkAborted } from '../options.js';
import type { AnnotatedImage, Annotations, ReadOptions } from './contract.js';
import { checkImageFile, linesOf, readText, sizeOfImage } from './files.js';
import { maskValues, readIndexMask } from './index-mask.js';
import { Problems } from './problems.js';

/** Which images, and what the border is. */
export interface PetOptions extends ReadOptions {
  /** List in `annotations`: `trainval` (default), `test`, or `list`, which has all. */
  readonly split?: 'trainval' | 'test' | 'list';
  /** The border of trimaps as a class of its own (default), or as pixels that are not counted. */
  readonly border?: 'class' | 'ignore';
}

/**
 * Reads images and trimaps (1 pet, 2 background, 3 border) as classes `pet`, `background`, `border`. The label is the breed, the name
 * without its number. Parkhi et al. 2012.
 *
 * @throws ConvoyError `CONVOY_DATA` naming the file, or the line of the list.
 */
export async function readPets(root: string, options: PetOptions = {}): Promise<Annotations> {
  const { split = 'trainval', border = 'class' } = options;
  const problems = new Problems(options);
  const classOf = maskValues({ 1: 0, 2: 1, 3: border === 'class' ? 2 : ignoredPixel });
  const list = path.join(root, 'annotations', `${split}.txt`);
  const images: AnnotatedImage[] = [];
  for (const { line, text } of linesOf(await readText(list))) {
    if (text.startsWith('#')) continue;
    checkAborted(options.signal, `reading ${root}`);
    const image = await problems.tryLater(async () => {
      const name = text.split(/\s+/)[0] as string;
      if (path.basename(name) !== name) {
        throw fileError('CONVOY_DATA', list, `line ${line}`, 'the name of an image', JSON.stringify(text.slice(0, 60)));
      }
      const file = path.join(root, 'images', `${name}.jpg`);
      await checkImageFile(file, list, `line ${line}`);
      const size = await sizeOfImage(file);
      const mask = { file: path.join(root, 'annotations', 'trimaps', `${name}.png`), classOf };
      readIndexMask(mask, size);
      return { file, ...size, objects: [], mask, label: name.replace(/_\d+$/, '') };
    });
    if (image !== undefined) images.push(image);
  }
  const classes = ['pet', 'background', ...(border === 'class' ? ['border'] : [])];
  return { images, classes, problems: problems.list };
}
