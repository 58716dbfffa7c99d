/** MVTec AD's layout: `train/good`, `test/good` and `test/DEFECT`, masks of defects in `ground_truth/DEFECT`. Bergmann et al. 2021. */
import { readdir } from 'node:fs/promises';
import path from 'node:path';
import { fileError } from '../../base/errors.js';
import { unreadable } from '../../images/index.js';
import { entryKind } from '../entries.js';
import { byName, isLeftover } from '../names.js';
import { checkAborted } from '../options.js';
import type { AnnotatedImage, Annotations, ReadOptions } from './contract.js';
import { imagesBelow, sizeOfImage, stem } from './files.js';
import { type IndexMask, maskValues, readIndexMask } from './index-mask.js';
import { Problems } from './problems.js';

/** Which images. */
export interface MvtecOptions extends ReadOptions {
  readonly split: 'train' | 'test';
}

const good = 'good';

/**
 * Reads the images of one kind of object. The label is `good` or the defect; classes of pixels are `normal` and `anomalous`. The mask
 * of `test/DEFECT/NAME.png` is `ground_truth/DEFECT/NAME_mask.png`, 0 where the image is normal; a good image has none.
 *
 * @throws ConvoyError `CONVOY_DATA` naming the file; also where `train` holds anything but good images.
 */
export async function readMvtec(root: string, options: MvtecOptions): Promise<Annotations> {
  const { split, signal } = options;
  const problems = new Problems(options);
  const classOf = maskValues({ ...Object.fromEntries(Array(256).fill(1).entries()), 0: 0 });
  const images: AnnotatedImage[] = [];
  for (const label of await labelsIn(path.join(root, split))) {
    if (split === 'train' && label !== good) {
      throw fileError('CONVOY_DATA', path.join(root, split), '', 'the folder good alone', JSON.stringify(label));
    }
    const folder = path.join(root, split, label);
    for (const name of await imagesBelow(folder, signal)) {
      checkAborted(signal, `reading ${root}`);
      const file = path.join(folder, name);
      const image = await problems.tryLater(async () => {
        const size = await sizeOfImage(file);
        if (label === good) return { file, ...size, objects: [], label };
        const mask: IndexMask = { file: await maskFile(root, label, name, file), classOf };
        readIndexMask(mask, size);
        return { file, ...size, objects: [], label, mask };
      });
      if (image !== undefined) images.push(image);
    }
  }
  return { images, classes: ['normal', 'anomalous'], problems: problems.list };
}

async function labelsIn(folder: string): Promise<string[]> {
  try {
    const entries = await readdir(folder, { withFileTypes: true });
    const folders = entries.filter((entry) => !entry.isFile() && !isLeftover(entry.name));
    return folders.map(({ name }) => name).sort(byName);
  } catch (error) {
    throw fileError('CONVOY_DATA', folder, '', `a folder with ${good}`, unreadable(error), error);
  }
}

async function maskFile(root: string, label: string, name: string, image: string): Promise<string> {
  const folder = path.join(root, 'ground_truth', label);
  for (const suffix of ['_mask', '']) {
    const file = path.join(folder, `${stem(name)}${suffix}.png`);
    if ((await entryKind(file)) === 'file') return file;
  }
  throw fileError('CONVOY_DATA', image, '', `the mask ${stem(name)}_mask.png in ${folder}`, 'none');
}
