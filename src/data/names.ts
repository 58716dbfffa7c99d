/** What names of files and folders mean in image folders and archives. `docs/data.md` lists them. */

/** Splits an image folder may have. */
export type SplitName = 'train' | 'test' | 'validation';

/** All splits, in the order that results list them. */
export const splitNames: readonly SplitName[] = ['train', 'test', 'validation'];

/** Words that name a split: those of Hugging Face's datasets. */
const splitWords: Readonly<Record<SplitName, readonly string[]>> = {
  train: ['train', 'training'],
  test: ['test', 'testing', 'eval', 'evaluation'],
  validation: ['validation', 'valid', 'val', 'dev'],
};
const splitOfWord: ReadonlyMap<string, SplitName> = new Map(
  splitNames.flatMap((split) => splitWords[split].map((word) => [word, split] as const)),
);
/** Words beside it that say nothing more: `training_set`, `seg_train`, `test-images`. */
const fillers = 'set|sets|data|dataset|datasets|images?|imgs?|pictures?|pics?|photos?|samples?|split|seg|folder|dir';
const filler = new RegExp(`^(${fillers})$`);
const compound = new RegExp(`^(${[...splitOfWord.keys()].join('|')})(${fillers})$`);

/** Words of a name in lower case: `seg_train`, `TrainSet2`, `val-2017`. */
function wordsOf(name: string): string[] {
  return name
    .toLowerCase()
    .split(/[^\p{L}\p{M}]+/u)
    .flatMap((word) => compound.exec(word)?.slice(1, 3) ?? [word])
    .filter((word) => word !== '');
}

/** The split that a folder's name says, in any capitals and the usual spellings; undefined for a name of something else. */
export function splitOf(name: string): SplitName | undefined {
  const words = wordsOf(name).filter((word) => !filler.test(word));
  return words.length === 1 ? splitOfWord.get(words[0] ?? '') : undefined;
}

/** True for a name with a word that names a split, whatever else is in it: `chest_xray_train`. */
export function mentionsSplit(name: string): boolean {
  return wordsOf(name).some((word) => splitOfWord.has(word));
}

/** How split folders are called, for messages. */
export const splitsInWords = splitNames.map((split) => splitWords[split].join(', ')).join('; ');

/** Names of images. BMP and HEIC are not decoded: such a file is an image that cannot be used, not one passed over. */
const imageName = /\.(jpe?g|jpe|jfif|mpo|png|apng|webp|gif|tiff?|avif|ppm|pgm|pnm|bmp|heic|heif)$/i;

/** True for the names of images. */
export function isImageName(path: string): boolean {
  return imageName.test(path);
}

/** What systems and programs leave beside images: thumbnails, locks, recycle bins, indexes. */
const leftovers =
  /^(\..*|~\$.*|__MACOSX|@eaDir|@Recycle|#recycle|#snapshot|lost\+found|\$RECYCLE\.BIN|System Volume Information|Thumbs\.db|ehthumbs\.db|desktop\.ini|Icon\r)$/i;

/** True for a file or folder that is passed over without a word: hidden ones, and what systems leave. */
export function isLeftover(name: string): boolean {
  return leftovers.test(name);
}

/** True for a path with such a name anywhere in it. */
export function hasLeftover(path: string): boolean {
  return path.split('/').some(isLeftover);
}

/** The extension in lower case, with its dot. */
export function extensionOf(path: string): string {
  return /\.[^./]+$/.exec(path)?.[0].toLowerCase() ?? 'no extension';
}

/** Compares by code unit, so that the order is the same on every machine. */
export function byName(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0;
}

/** Every folder above a path, the outermost first. */
export function foldersAbove(path: string): string[] {
  const parts = path.split('/').slice(0, -1);
  return parts.map((_, index) => parts.slice(0, index + 1).join('/'));
}
