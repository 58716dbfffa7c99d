/** Splits and classes, from the paths of an image folder or archive. */
import { fileError } from '../base/errors.js';
import { type Arrangement, arrange, partsOf, placeIn } from './arrangement.js';
import { contents, count, kinds, leftOut, passedLinks } from './left-out.js';
import type { Listing, PassedLink } from './listing.js';
import { byName, foldersAbove, isImageName, type SplitName, splitOf } from './names.js';

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
  /** What a person should know of the choices made. */
  readonly notes: readonly string[];
}

/** Images of each class of each split. */
type Members = Map<SplitName, Map<string, string[]>>;

/**
 * Finds splits and classes in the paths of an image folder: SPLIT/CLASS/...image or CLASS/...image. Images of a split
 * come in turn from each class, so that the first N of them are as balanced as they can be.
 *
 * @param source how errors call the folder or archive.
 * @param official class names in label order, where they are known.
 * @throws ConvoyError `CONVOY_DATA` when there is no image, a class is empty or unknown, there are fewer than two, or
 *   images lie outside classes.
 */
export function layoutOf(
  source: string,
  { files, folders, links }: Pick<Listing, 'files' | 'folders' | 'links'>,
  official?: readonly string[],
): ImageLayout {
  const images = [...files.keys()].filter(isImageName).sort(byName);
  const others = [...files.keys()].filter((path) => !isImageName(path));
  if (images.length === 0) {
    const found = others.length === 0 ? 'none' : `${count(others.length, 'file')} of other kinds (${kinds(others)})`;
    throw fileError(
      'CONVOY_DATA',
      source,
      '',
      'images in folders of their classes, as dog/1.jpg or train/dog/1.jpg,',
      found,
    );
  }
  const arrangement = arrange(source, images);
  const members: Members = new Map();
  for (const path of images) {
    const place = placeIn(arrangement, path);
    if (place === undefined) {
      const expected = 'every image in a folder of its class, as dog/1.jpg or train/dog/1.jpg,';
      const found = 'one that is in none (classes are read from the names of folders alone)';
      throw fileError('CONVOY_DATA', source, path, expected, found);
    }
    const classes = getOrAdd(members, place.split, () => new Map<string, string[]>());
    getOrAdd(classes, place.name, () => []).push(path);
  }
  checkLinks(source, arrangement, links);
  checkEmptyFolders(source, arrangement, members, folders, others);
  const labelled = label(source, members, official);
  return {
    ...labelled,
    notes: [
      ...arrangement.notes,
      ...likeNames(labelled.classes),
      ...leftOut(arrangement, others),
      ...passedLinks(links),
    ],
  };
}

function getOrAdd<K, V>(map: Map<K, V>, key: K, make: () => V): V {
  const found = map.get(key) ?? make();
  map.set(key, found);
  return found;
}

function label(source: string, members: Members, official?: readonly string[]): Omit<ImageLayout, 'notes'> {
  const train = members.get('train');
  if (train === undefined) {
    throw fileError('CONVOY_DATA', source, '', 'a folder train', `only ${[...members.keys()].join(', ')}`);
  }
  const classes = official ?? [...train.keys()].sort(byName);
  const missing = classes.find((name) => !train.has(name));
  if (missing !== undefined) throw fileError('CONVOY_DATA', source, missing, 'at least one image', 'none');
  checkClasses(source, classes);
  const place = new Map(classes.map((name, index) => [name, index]));
  const inTurn = (byClass: ReadonlyMap<string, readonly string[]>): LabelledPath[] => {
    const ranked = [...byClass].flatMap(([name, paths]) => {
      const label = place.get(name);
      if (label === undefined) {
        const expected =
          official === undefined ? `a class of train (${describe(classes)})` : `a class of ${describe(classes)}`;
        throw fileError('CONVOY_DATA', source, paths[0] ?? name, expected, `the class ${name}`);
      }
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

function checkClasses(source: string, classes: readonly string[]): void {
  if (classes.length < 2) {
    const expected = 'at least two classes, a folder each';
    throw fileError('CONVOY_DATA', source, '', expected, `one (${classes[0] ?? 'none'})`);
  }
  if (classes.every((name) => splitOf(name) !== undefined)) {
    const expected = 'folders of classes inside those of splits';
    throw fileError('CONVOY_DATA', source, '', expected, `folders of splits (${describe(classes)}) in their place`);
  }
}

/** Says which classes differ in capitals alone. */
function likeNames(classes: readonly string[]): string[] {
  const seen = new Map<string, string>();
  return classes.flatMap((name) => {
    const other = seen.get(name.toLowerCase());
    seen.set(name.toLowerCase(), name);
    return other === undefined ? [] : [`the classes ${other} and ${name} differ in capitals alone`];
  });
}

function describe(names: readonly string[]): string {
  return names.length > 12 ? `the ${names.length} there are` : names.join(', ');
}

/** Refuses an image that links put into two classes: no path says which is its own. */
function checkLinks(source: string, arrangement: Arrangement, links: readonly PassedLink[]): void {
  for (const { path, kept, keptIsLink } of links) {
    if (kept === undefined || !keptIsLink || !isImageName(path)) continue;
    const [one, other] = [placeIn(arrangement, kept)?.name, placeIn(arrangement, path)?.name];
    if (one !== other) {
      throw fileError('CONVOY_DATA', source, path, `links to an image from one class`, `one from ${kept} too`);
    }
  }
}

/** A class folder without an image is more likely a mistake than a class. */
function checkEmptyFolders(
  source: string,
  { wrapper, splits }: Arrangement,
  members: Members,
  folders: readonly string[],
  others: readonly string[],
): void {
  const known = new Set([...folders, ...others.flatMap(foldersAbove)]);
  const prefix = wrapper.map((name) => `${name}/`).join('');
  for (const folder of [...known].sort(byName)) {
    if (!folder.startsWith(prefix) || folder === '') continue;
    const parts = partsOf(folder.slice(prefix.length));
    const found = splits?.get(parts[0] ?? '');
    const depth = splits === undefined ? 1 : 2 + (found?.within.length ?? 0);
    if (splits !== undefined && parts.length === 1 && found === undefined) {
      if (splitOf(folder.slice(prefix.length)) === undefined) continue;
      const expected = 'folders of classes with images (without it a fifth of the training images is held out)';
      throw fileError('CONVOY_DATA', source, folder, expected, contents(folder, others));
    }
    if (parts.length !== depth || (splits !== undefined && found === undefined)) continue;
    const name = (parts.at(-1) ?? '').normalize('NFC');
    if (members.get(found?.split ?? 'train')?.has(name)) continue;
    throw fileError('CONVOY_DATA', source, folder, 'at least one image', contents(folder, others));
  }
}
