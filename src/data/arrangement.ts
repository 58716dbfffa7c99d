/** Where splits and classes are in the paths of images. */
import { fileError } from '../base/errors.js';
import { mentionsSplit, type SplitName, splitOf, splitsInWords } from './names.js';

/** Where the folders of classes are in paths. */
export interface Arrangement {
  /** Folders above the splits, or above the classes, that hold everything. */
  readonly wrapper: readonly string[];
  /** Folders of splits, each with those in it that hold everything again; undefined where all are one split. */
  readonly splits: ReadonlyMap<string, { readonly split: SplitName; readonly within: readonly string[] }> | undefined;
  readonly notes: readonly string[];
}

export const partsOf = (path: string): string[] => path.split('/');

/** The one folder at `depth` that holds every path, with the folder of a class and an image below; undefined for none. */
function onlyFolder(paths: readonly string[], depth: number): string | undefined {
  const names = new Set(paths.map((path) => partsOf(path)[depth]));
  const [name] = names;
  return names.size === 1 && paths.every((path) => partsOf(path).length > depth + 2) ? name : undefined;
}

/** Finds wrappers and splits. */
export function arrange(source: string, images: readonly string[]): Arrangement {
  const notes: string[] = [];
  const wrapper: string[] = [];
  const tell = (folder: readonly string[]): void => {
    notes.push(`the folder ${folder.join('/')} holds everything, so the folders inside it are read in its place`);
  };
  const isWrapper = (name: string, depth: number): boolean => {
    if (splitOf(name) === undefined) return true;
    // A folder called as a split that holds nothing but folders called as splits.
    const below = new Set(images.map((path) => partsOf(path)[depth + 1] ?? ''));
    return new Set([...below].map(splitOf)).size > 1 && [...below].every((inner) => splitOf(inner) !== undefined);
  };
  for (let name = onlyFolder(images, 0); name !== undefined && isWrapper(name, wrapper.length); ) {
    wrapper.push(name);
    name = onlyFolder(images, wrapper.length);
  }
  if (wrapper.length > 0) tell(wrapper);
  const depth = wrapper.length;
  const tops = [...new Set(images.map((path) => partsOf(path)[depth] ?? ''))];
  const inTop = (top: string): string[] => images.filter((path) => partsOf(path)[depth] === top);
  const named = tops.filter((top) => splitOf(top) !== undefined);
  const nested = named.find((top) => inTop(top).some((path) => partsOf(path).length > depth + 2));
  if (named.length < tops.length) {
    const other = tops.find((top) => splitOf(top) === undefined) ?? '';
    if (nested !== undefined) {
      const path = inTop(other)[0] ?? other;
      throw fileError('CONVOY_DATA', source, path, `only folders of splits beside ${nested}`, `an image in ${other}`);
    }
    if (tops.length > 1 && tops.every(mentionsSplit)) {
      const expected = `folders of classes, or of splits (${splitsInWords})`;
      throw fileError('CONVOY_DATA', source, other, expected, 'a name that mentions a split: rename it');
    }
    checkInside(source, images, depth);
    return { wrapper, splits: undefined, notes: [...notes, ...likeSplits(images, depth)] };
  }
  const splits = new Map<string, { readonly split: SplitName; readonly within: readonly string[] }>();
  for (const top of tops) {
    const split = splitOf(top) as SplitName;
    const twin = [...splits].find(([, other]) => other.split === split)?.[0];
    if (twin !== undefined)
      throw fileError('CONVOY_DATA', source, '', `one folder for the split ${split}`, `two, ${twin} and ${top}`);
    const paths = inTop(top);
    const within: string[] = [];
    for (let inner = onlyFolder(paths, depth + 1); inner !== undefined && splitOf(inner) === split; ) {
      within.push(inner);
      inner = onlyFolder(paths, depth + 1 + within.length);
    }
    if (within.length > 0) tell([...wrapper, top, ...within]);
    splits.set(top, { split, within });
  }
  return { wrapper, splits, notes };
}

/** Refuses splits inside classes, as `cat/train` and `cat/test`: read as classes alone they would become one split. */
function checkInside(source: string, images: readonly string[], depth: number): void {
  const inner = images.map(partsOf).filter((parts) => parts.length > depth + 2);
  const inside = (parts: readonly string[]): SplitName | undefined => splitOf(parts[depth + 1] ?? '');
  if (new Set(inner.map(inside).filter((split) => split !== undefined)).size < 2) return;
  const [name = '', split = ''] = inner.find((parts) => inside(parts) !== undefined)?.slice(depth) ?? [];
  const expected = `splits above classes, as ${split}/${name},`;
  throw fileError('CONVOY_DATA', source, '', expected, `splits inside classes, as ${name}/${split}`);
}

/** Says where classes hold folders of the same names and nothing else: that is what splits with misspelt names look like. */
function likeSplits(images: readonly string[], depth: number): string[] {
  const inside = new Map<string, Set<string>>();
  for (const parts of images.map(partsOf)) {
    const name = parts[depth] ?? '';
    if (parts.length <= depth + 2) return [];
    inside.set(name, (inside.get(name) ?? new Set()).add(parts[depth + 1] ?? ''));
  }
  const [first = new Set(), ...others] = inside.values();
  const shared = [...first].filter((name) => others.every((names) => names.has(name)));
  if (shared.length === 0) return [];
  const names = [...inside.keys()].slice(0, 4).join(', ');
  return [
    `the classes ${names} hold folders of the same name (${shared[0]}); if they are splits, call them train and test`,
  ];
}

/** The split and class of a path; undefined where no folder of a class is above it. */
export function placeIn(
  { wrapper, splits }: Arrangement,
  path: string,
): { readonly split: SplitName; readonly name: string } | undefined {
  const parts = partsOf(path).slice(wrapper.length);
  let split: SplitName = 'train';
  if (splits !== undefined) {
    const found = splits.get(parts[0] ?? '');
    if (found === undefined) return undefined;
    split = found.split;
    parts.splice(0, 1 + found.within.length);
  }
  // One name has several forms in Unicode; file systems differ in which they keep.
  return parts.length < 2 ? undefined : { split, name: (parts[0] ?? '').normalize('NFC') };
}
