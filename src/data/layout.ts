import { fileError } from '../base/errors.js';

/** Splits an image folder may have. */
export type SplitName = 'train' | 'test' | 'validation';

/** All splits, in the order that results list them. */
export const splitNames: readonly SplitName[] = ['train', 'test', 'validation'];

/** One image of a split. */
export interface LabelledPath {
  readonly path: string;
  readonly label: number;
}

/** How the files of an image folder form a dataset. */
export interface ImageLayout {
  /** Class names, sorted unless given. */
  readonly classes: readonly string[];
  /** Without a folder for splits all images are in `train`, to be split later. */
  readonly splits: {
    readonly train: readonly LabelledPath[];
    readonly test?: readonly LabelledPath[];
    readonly validation?: readonly LabelledPath[];
  };
}

const splitFolders: ReadonlyMap<string, SplitName> = new Map([
  ['train', 'train'],
  ['training', 'train'],
  ['test', 'test'],
  ['testing', 'test'],
  ['val', 'validation'],
  ['valid', 'validation'],
  ['validation', 'validation'],
]);
const imageName = /\.(jpe?g|png|webp|gif|tiff?|avif|heic|bmp)$/i;

/** True for the names of images; hidden files and what macOS packs beside them are none. */
export function isImageName(path: string): boolean {
  return imageName.test(path) && !path.split('/').some((part) => part.startsWith('.') || part === '__MACOSX');
}

/** Compares by code unit, so that the order is the same on every machine. */
export function byName(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0;
}

/** Drops leading folders that hold everything, as archives often have; stops at a folder named as a split. */
function withoutWrapper(paths: readonly string[]): number {
  let depth = 0;
  for (;;) {
    const heads = new Set(paths.map((path) => path.split('/')[depth]));
    const [head = ''] = heads;
    // A class folder is always left above the image itself.
    const roomy = paths.every((path) => path.split('/').length > depth + 2);
    if (heads.size !== 1 || !roomy || splitFolders.has(head)) return depth;
    depth += 1;
  }
}

/**
 * Finds splits and classes in the paths of an image folder: SPLIT/CLASS/...image or CLASS/...image. Images of a split
 * come in turn from each class, so that the first N of them are as balanced as they can be.
 *
 * @param source how errors call the folder or archive.
 * @param files paths of all files, with `/`.
 * @param folders paths of all folders, to notice empty ones.
 * @param official class names in label order, where they are known.
 * @throws ConvoyError `CONVOY_DATA` when there is no image, a class is empty or unknown, or images lie outside classes.
 */
export function layoutOf(
  source: string,
  files: readonly string[],
  folders: readonly string[],
  official?: readonly string[],
): ImageLayout {
  const images = files.filter(isImageName).sort(byName);
  if (images.length === 0)
    throw fileError(
      'CONVOY_DATA',
      source,
      '',
      'images in folders of their classes, as dog/1.jpg or train/dog/1.jpg,',
      'none',
    );
  const depth = withoutWrapper(images);
  const tops = new Set(images.map((path) => path.split('/')[depth] ?? ''));
  const isSplit = [...tops].some((top) => splitFolders.has(top));
  const members = new Map<SplitName, Map<string, string[]>>();
  for (const path of images) {
    const parts = path.split('/').slice(depth);
    const split = isSplit ? splitFolders.get(parts.shift() ?? '') : 'train';
    if (split === undefined) {
      const expected = `only the folders ${[...splitFolders.keys()].join(', ')}`;
      throw fileError('CONVOY_DATA', source, path, expected, 'an image beside them');
    }
    const name = parts[0];
    if (parts.length < 2 || name === undefined) {
      throw fileError(
        'CONVOY_DATA',
        source,
        path,
        'every image in a folder of its class, as dog/1.jpg or train/dog/1.jpg,',
        'one that is in none',
      );
    }
    const classes = getOrAdd(members, split, () => new Map<string, string[]>());
    getOrAdd(classes, name, () => []).push(path);
  }
  return label(source, members, folders, depth + (isSplit ? 1 : 0), official);
}

function getOrAdd<K, V>(map: Map<K, V>, key: K, make: () => V): V {
  const found = map.get(key) ?? make();
  map.set(key, found);
  return found;
}

function label(
  source: string,
  members: ReadonlyMap<SplitName, ReadonlyMap<string, readonly string[]>>,
  folders: readonly string[],
  classDepth: number,
  official?: readonly string[],
): ImageLayout {
  const train = members.get('train');
  if (train === undefined) {
    throw fileError('CONVOY_DATA', source, '', 'a folder train', `only ${[...members.keys()].join(', ')}`);
  }
  checkEmptyFolders(source, members, folders, classDepth);
  const classes = official ?? [...train.keys()].sort(byName);
  const missing = classes.find((name) => !train.has(name));
  if (missing !== undefined) throw fileError('CONVOY_DATA', source, missing, 'at least one image', 'none');
  const place = new Map(classes.map((name, index) => [name, index]));
  const inTurn = (byClass: ReadonlyMap<string, readonly string[]>): LabelledPath[] => {
    const ranked = [...byClass].flatMap(([name, paths]) => {
      const label = place.get(name);
      if (label === undefined)
        throw fileError('CONVOY_DATA', source, name, `a class of ${describe(classes)}`, 'another');
      return paths.map((path, rank) => ({ path, label, rank }));
    });
    return ranked.sort((a, b) => a.rank - b.rank || a.label - b.label).map(({ path, label }) => ({ path, label }));
  };
  const test = members.get('test');
  const validation = members.get('validation');
  // A set with train and validation alone is tested on the latter, as is the custom.
  const tested = test ?? validation;
  return {
    classes,
    splits: {
      train: inTurn(train),
      ...(tested === undefined ? {} : { test: inTurn(tested) }),
      ...(test === undefined || validation === undefined ? {} : { validation: inTurn(validation) }),
    },
  };
}

function describe(names: readonly string[]): string {
  return names.length > 12 ? `the ${names.length} there are` : names.join(', ');
}

/** A class folder without an image is more likely a mistake than a class. */
function checkEmptyFolders(
  source: string,
  members: ReadonlyMap<SplitName, ReadonlyMap<string, readonly string[]>>,
  folders: readonly string[],
  classDepth: number,
): void {
  const paths = [...members.values()].flatMap((classes) => [...classes.values()].flat());
  const filled = new Set(
    paths.map((path) =>
      path
        .split('/')
        .slice(0, classDepth + 1)
        .join('/'),
    ),
  );
  const [first = ''] = paths;
  const wrapper = first
    .split('/')
    .slice(0, Math.max(0, classDepth - 1))
    .join('/');
  for (const folder of folders) {
    const hidden = folder.split('/').some((part) => part.startsWith('.') || part === '__MACOSX');
    if (hidden || folder.split('/').length !== classDepth + 1 || !folder.startsWith(wrapper)) continue;
    if (!filled.has(folder)) throw fileError('CONVOY_DATA', source, folder, 'at least one image', 'an empty folder');
  }
}
