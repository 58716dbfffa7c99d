/**
 * Image folders as people have them, drawn by a seed: names, spellings of splits, wrappers, extensions that lie, files that
 * are no images, leftovers, links, bad images. What is drawn is written down, so that a reference need not read names.
 */
import { link, mkdir, symlink, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { RandomStream } from '../../src/base/random.js';
import { pillow } from './pillow-images.js';

export type Part = 'train' | 'test' | 'validation';

/** An image whose pixels Pillow told. */
export type KnownImage = (typeof pillow.cases)[number];

/** A name of an image in a folder. */
export interface PlannedImage {
  readonly path: string;
  readonly part: Part;
  /** The class, in the composed form of Unicode. */
  readonly name: string;
  /** Undefined for an image that is bad. */
  readonly image: KnownImage | undefined;
}

/** What was drawn. */
export interface FolderPlan {
  readonly hasSplits: boolean;
  /** Every image once, under its own class. */
  readonly images: readonly PlannedImage[];
  /** Names of files that are no images and no leftovers. */
  readonly others: readonly string[];
  /** Links that add nothing. */
  readonly emptyLinks: readonly string[];
  /** Links to images outside, which an archive of the folder cannot follow. */
  readonly linksOut: readonly string[];
  /** What is wrong with the folder, besides what its images say. */
  readonly faults: readonly string[];
}

/** Classes of all kinds of names; the last two are called as splits. */
const classNames = ['cat', 'dog', '0', '5', '10', 'a, b', "o'neil", '"q"', 'café', '日本', 'toString', 'val', 'train'];
const spellings: Readonly<Record<Part, readonly string[]>> = {
  train: ['train', 'Training', 'TRAIN', 'training_set', 'seg_train', 'train2017', 'Train Set', 'images-train'],
  test: ['test', 'Testing', 'EVAL', 'test_set', 'seg_test', 'testset', 'evaluation', 'test.images'],
  validation: ['val', 'Valid', 'VALIDATION', 'dev', 'val_data', 'val2017', 'Dev Set', 'validation-pics'],
};
const extensions = [
  'jpg',
  'JPEG',
  'jpe',
  'jfif',
  'mpo',
  'png',
  'PNG',
  'apng',
  'webp',
  'gif',
  'tif',
  'avif',
  'ppm',
  'pnm',
];
const otherNames = ['notes.txt', 'labels.csv', 'README', 'model.h5', 'x.npy', 'page.html'];
const leftovers = ['.hidden.png', '~$x.png', 'Thumbs.db', 'desktop.ini', '@eaDir/1.png/THUMB.jpg', '__MACOSX/._1.png'];
const images = pillow.cases.filter(({ height, width }) => height * width > 8);
export const sameSized = images.filter(({ height, width }) => height === 9 && width === 7);
const bad = Object.values(pillow.refused);

/** Draws a folder, writes it at `root`, and what its links lead to at `outside`. */
export async function drawFolder(seed: number, root: string, outside: string): Promise<FolderPlan> {
  const stream = new RandomStream(seed, 'test');
  const chance = (share: number): boolean => stream.uniform() < share;
  const pick = <T>(list: readonly T[]): T => list[stream.below(list.length)] as T;
  const planned: PlannedImage[] = [];
  const others: string[] = [];
  const emptyLinks: string[] = [];
  const linksOut: string[] = [];
  const faults: string[] = [];
  let names = 0;

  const put = async (below: string, content: Uint8Array): Promise<void> => {
    await mkdir(path.join(root, path.dirname(below)), { recursive: true });
    await writeFile(path.join(root, below), content);
  };
  const point = async (below: string, to: string): Promise<void> => {
    await mkdir(path.join(root, path.dirname(below)), { recursive: true });
    await symlink(to, path.join(root, below));
  };
  const bank = chance(0.5) ? sameSized : images;
  const imageName = (): string => `${pick(['', 'a b ', "it's ", '-', 'ü'])}${names++}.${pick(extensions)}`;
  const addOthers = async (folder: string, share: number): Promise<void> => {
    for (; chance(share); names++) {
      others.push(`${folder}${names}-${pick(otherNames)}`);
      await put(others.at(-1) as string, Buffer.from('-'));
    }
    if (chance(share)) await put(`${folder}${pick(leftovers)}`, bad[0] as Uint8Array);
  };
  const addImages = async (folder: string, part: Part, name: string, count: number): Promise<void> => {
    for (let i = 0; i < count; i++) {
      const image = pick(bank);
      // One folder may hold both forms of a name, but not another folder in its place.
      const form = chance(0.5) ? folder.normalize('NFD') : folder;
      const below = `${form}/${i > 0 && chance(0.2) && !/^(val|train)$/.test(name) ? 'deep/er/' : ''}${imageName()}`;
      planned.push({ path: below, part, name, image });
      const kind = stream.uniform();
      if (kind < 0.1) {
        await mkdir(outside, { recursive: true });
        await writeFile(path.join(outside, `${names}`), image.file);
        await point(below, path.join(outside, `${names}`));
        linksOut.push(below);
      } else if (kind < 0.2) {
        await put(below, image.file);
        planned.push({ path: `${folder}/hard${names}.png`, part, name, image });
        await mkdir(path.join(root, folder), { recursive: true });
        await link(path.join(root, below), path.join(root, `${folder}/hard${names}.png`));
      } else await put(below, image.file);
    }
  };

  const wrapper = pick(['', '', 'data/', 'my set/v2/']);
  const classes = Array.from({ length: pick([1, 2, 2, 3, 3, 4]) }, () => pick(classNames));
  const known = [...new Set(classes)];
  const parts = pick<readonly Part[]>([
    [],
    [],
    ['train'],
    ['train', 'test'],
    ['train', 'validation'],
    ['train', 'test', 'validation'],
  ]);
  for (const part of parts.length === 0 ? (['train'] as const) : parts) {
    const split = parts.length === 0 ? wrapper : `${wrapper}${pick(spellings[part])}/`;
    for (const name of known) {
      const count = part === 'train' ? 1 + stream.below(5) : stream.below(4);
      const folder = `${split}${name}`;
      await addImages(folder, part, name, count);
      if (count > 0) await addOthers(`${folder}/`, 0.15);
    }
  }
  const first = planned[0] as PlannedImage;
  const folderOf = ({ path: below }: PlannedImage): string => path.dirname(below).replace(/\/deep\/er$/, '');
  await addOthers('', 0.3);

  if (chance(0.2)) {
    const from = pick(planned);
    const other = pick(planned);
    // An image that is outside itself may be in two classes by its links; in two splits of a class it may not be.
    const isOut = linksOut.includes(from.path);
    const owner = isOut && other.name === from.name ? from : other;
    if (isOut && owner.name !== from.name) faults.push('one image in two classes');
    emptyLinks.push(`${folderOf(owner)}/${names++}-twin.png`);
    await point(emptyLinks.at(-1) as string, path.relative(folderOf(owner), from.path));
  }
  if (chance(0.15)) {
    emptyLinks.push(`${folderOf(pick(planned))}/loop`);
    await point(emptyLinks.at(-1) as string, pick(['.', '..', '../..']));
  }
  if (chance(0.1)) {
    emptyLinks.push(`${folderOf(first)}/${names++}-gone`);
    await point(emptyLinks.at(-1) as string, path.join(outside, 'nowhere'));
  }
  if (chance(0.15)) {
    const { part, name } = first;
    const below = `${folderOf(first)}/${imageName()}`;
    planned.push({ path: below, part, name, image: undefined });
    if (chance(0.5)) await put(below, chance(0.5) ? pick(bad) : Buffer.alloc(0));
    else await point(below, path.join(outside, 'nowhere.png'));
  }
  if (chance(0.05)) {
    faults.push('a class without images');
    await put(`${path.dirname(folderOf(first))}/empty class/notes.txt`, Buffer.from('-'));
  }
  if (chance(0.05)) {
    faults.push('one image in two classes');
    await mkdir(outside, { recursive: true });
    await writeFile(path.join(outside, 'shared.png'), first.image?.file ?? '');
    for (const name of ['one', 'other'])
      await point(`${path.dirname(folderOf(first))}/${name}/shared.png`, path.join(outside, 'shared.png'));
  }
  return { hasSplits: parts.length > 0, images: planned, others, emptyLinks, linksOut, faults };
}
