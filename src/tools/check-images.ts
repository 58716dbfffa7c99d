import { createHash } from 'node:crypto';
import { readdir, readFile } from 'node:fs/promises';
import { dirname, join } from 'node:path/posix';
import sharp from 'sharp';
import { type Dataset, imageBytes } from '../contracts/index.js';
import { byName, type DataProgress, hasLeftover, isImageName } from '../data/index.js';
import { readStoredImage, storedImageName } from '../images/index.js';
import { labelOf } from './sample-pictures.js';

/** What `checkImages` found. Images are named by their path, or `SPLIT/CLASS/NUMBER` where the dataset has no files. */
export interface ImageCheck {
  /** Groups of images of equal content in different folders: in two splits, or in two classes. */
  readonly acrossFolders: readonly (readonly string[])[];
  /** Groups within one folder. */
  readonly withinFolder: readonly (readonly string[])[];
  /** Images of one colour. */
  readonly blank: readonly string[];
  /** Sizes as `HEIGHTxWIDTH`, with how many images have them, the commonest first. */
  readonly sizes: readonly (readonly [size: string, count: number])[];
}

/** An image to look at. */
interface Checked {
  readonly name: string;
  /** Undefined for a file that cannot be decoded. */
  readonly look: () => Promise<Facts | undefined>;
}

interface Facts {
  readonly digest: string;
  readonly blank: boolean;
  readonly size: string;
}

/** Files that are read and decoded at once. */
const atOnce = 8;

/**
 * Looks at every image of a dataset: equal content, images of one colour, sizes. Files that cannot be decoded are passed
 * over; `openDataset` names them.
 *
 * @param folder where the dataset is a folder of images: its files are looked at, by their names.
 */
export async function checkImages(
  datasets: readonly Dataset[],
  { folder, onProgress }: { readonly folder?: string; readonly onProgress?: (progress: DataProgress) => void } = {},
): Promise<ImageCheck> {
  const files = folder === undefined ? [] : await filesOf(folder);
  const images = files.length > 0 ? files : datasets.flatMap(imagesOf);
  const equal = new Map<string, string[]>();
  const sizes = new Map<string, number>();
  const blank: string[] = [];
  for (let start = 0; start < images.length; start += atOnce) {
    const part = images.slice(start, start + atOnce);
    for (const [index, found] of (await Promise.all(part.map(({ look }) => look()))).entries()) {
      const name = part[index]?.name ?? '';
      if (found === undefined) continue;
      const same = equal.get(found.digest);
      if (same === undefined) equal.set(found.digest, [name]);
      else same.push(name);
      if (found.blank) blank.push(name);
      sizes.set(found.size, (sizes.get(found.size) ?? 0) + 1);
    }
    onProgress?.({ what: 'checking images', done: start + part.length, total: images.length, unit: 'images' });
  }
  const groups = [...equal.values()].filter(({ length }) => length > 1);
  const crosses = (group: readonly string[]): boolean => new Set(group.map(dirname)).size > 1;
  return {
    acrossFolders: groups.filter(crosses),
    withinFolder: groups.filter((group) => !crosses(group)),
    blank,
    sizes: [...sizes].sort(([, a], [, b]) => b - a),
  };
}

async function filesOf(folder: string): Promise<Checked[]> {
  const names = await readdir(folder, { recursive: true }).catch(() => []);
  return names
    .filter((name) => isImageName(name) && !hasLeftover(name))
    .sort(byName)
    .map((name) => ({ name, look: () => lookAtImage(() => readFile(join(folder, name))) }));
}

function imagesOf(dataset: Dataset): Checked[] {
  const { store, shape, split, count } = dataset;
  if (store.kind === 'files')
    return store.paths.map((_, sample) => ({
      name: storedImageName(store, sample),
      look: () => lookAtImage(async () => readStoredImage(store, sample)),
    }));
  const size = imageBytes(shape);
  return Array.from({ length: count }, (_, sample) => ({
    name: `${split}/${labelOf(dataset, sample).replaceAll('/', '_')}/${sample}`,
    look: async () => {
      const pixels = store.pixels.subarray(sample * size, (sample + 1) * size);
      const blank = pixels.every((value, i) => value === pixels[i % shape.channels]);
      return { digest: digestOf(pixels), blank, size: `${shape.height}x${shape.width}` };
    },
  }));
}

async function lookAtImage(read: () => Promise<Buffer>): Promise<Facts | undefined> {
  try {
    const bytes = await read();
    const image = sharp(bytes);
    const [{ width, height }, { channels }] = await Promise.all([image.metadata(), image.stats()]);
    return {
      digest: digestOf(bytes),
      blank: channels.every(({ min, max }) => min === max),
      size: `${height}x${width}`,
    };
  } catch {
    return undefined;
  }
}

function digestOf(bytes: Uint8Array): string {
  return createHash('sha256').update(bytes).digest('base64');
}
