import { existsSync, readdirSync } from 'node:fs';
import { stat } from 'node:fs/promises';
import path from 'node:path';
import { ConvoyError, choiceError, combinationError, fileError, valueError } from '../base/errors.js';
import { didYouMean, suggestions } from '../base/suggest.js';
import type { Dataset, TargetKind, Task } from '../contracts/index.js';
import { type CatalogEntry, catalog, catalogEntry } from './catalog.js';
import { selectClasses } from './class-subset.js';
import { downloadDataset } from './download.js';
import { holdOutFold } from './folds.js';
import { type DatasetFormat, pathFormats } from './formats/index.js';
import { locateDataset } from './locate.js';
import { isImageName } from './names.js';
import { adviceOnDataset } from './not-offered.js';
import { type BadImage, checkOpenOptions, type OpenOptions } from './options.js';
import { resizedDataset } from './resized.js';
import { firstSamples, selectSamples, stratifiedSplit } from './split.js';
import type { OpenedSplits } from './splits.js';

/** A dataset, opened. */
export interface OpenedDataset {
  readonly train: Dataset;
  readonly test: Dataset;
  readonly validation?: Dataset;
  /** Of a fold: places of the validation samples among the training samples before it was held out. */
  readonly validationIndices?: Uint32Array;
  /** Images left out because of `onBadImage: 'skip'`. */
  readonly badImages: readonly BadImage[];
  /** Images of the whole set, before classes and a limit were chosen. */
  readonly imageCount: number;
  /** What a person should know of how it was read: files left out, classes without test images. */
  readonly notes: readonly string[];
}

/** Share of an image folder without splits that becomes its test split. */
const testShare = 0.2;

/**
 * Opens a dataset by its name in the catalog or by the path of an image folder or tar(.gz) archive.
 *
 * A named dataset is looked for in `dataDir` alone where that is given, else in `$CONVOY_DATA`, where Debian packages put
 * it, and the cache, in this order; else it is downloaded into the cache. An image folder holds train/CLASS/... and test/CLASS/... (or val,
 * valid, validation), or CLASS/... of which a fifth of each class, chosen by `seed`, becomes the test split.
 *
 * @throws ConvoyError `CONVOY_OPTION` for a wrong option, `CONVOY_DATA` when the data is nowhere or damaged,
 *   `CONVOY_MEMORY` when it does not fit, `CONVOY_DISK` when the cache cannot take a download or a large archive,
 *   `CONVOY_ABORTED` when `signal` was given.
 */
export async function openDataset(options: OpenOptions): Promise<OpenedDataset> {
  checkOpenOptions(options);
  const opened = await openLabelled(options);
  return options.task === undefined ? opened : forTask(opened, options.task);
}

/** What data of a task have as targets. */
const targetsOfTask: Readonly<Record<Task, readonly TargetKind[]>> = {
  classification: ['classes', 'multi-label'],
  segmentation: ['masks'],
  detection: ['boxes'],
  reconstruction: ['classes', 'multi-label', 'masks', 'boxes', 'pixels'],
};

/** @throws ConvoyError `CONVOY_OPTION` for data of another task. */
function forTask(opened: OpenedDataset, task: Task): OpenedDataset {
  const { train, test, validation } = opened;
  const { kind } = train.targets;
  if (!targetsOfTask[task].includes(kind))
    throw combinationError(`task ${task}`, 'needs', `other data than ${train.name}, whose targets are ${kind}`);
  if (task !== 'reconstruction') return opened;
  const own = <Split extends Dataset | undefined>(split: Split) =>
    split && { ...split, targets: { kind: 'pixels' as const } };
  return { ...opened, train: own(train), test: own(test), ...(validation && { validation: own(validation) }) };
}

async function openLabelled(options: OpenOptions): Promise<OpenedDataset> {
  const splits = chosenClasses(await openSplits(options), options.classes);
  const [whole, wholeTest] =
    splits.test === undefined ? holdOut(splits.train, testShare, options.seed, 'test') : [splits.train, splits.test];
  const { testLimit } = options;
  const limitedTest = testLimit === undefined ? wholeTest : firstSamples(wholeTest, testLimit, '--test-limit');
  const test = await resizedDataset(limitedTest, options);
  const limited = options.limit === undefined ? whole : firstSamples(whole, options.limit, '--limit');
  const held = options.validationSplit !== undefined && options.validationSplit > 0;
  const fold = options.fold && holdOutFold(limited, options.fold, options.seed);
  const [kept, heldOut] = held
    ? holdOut(limited, options.validationSplit ?? 0, options.seed, 'validation')
    : [fold?.kept ?? limited, fold?.held ?? splits.validation];
  const train = await resizedDataset(kept, options);
  const validation = heldOut && (await resizedDataset(heldOut, options));
  const { badImages, imageCount } = splits;
  const notes = [
    ...splits.notes,
    ...(splits.test === undefined ? [heldOutNote(wholeTest)] : []),
    ...missingClasses(train),
    ...missingClasses(test),
    ...(validation === undefined ? [] : missingClasses(validation)),
  ];
  const indices = fold && { validationIndices: fold.indices };
  return { train, test, ...(validation && { validation }), ...indices, badImages, imageCount, notes };
}

function heldOutNote({ name, count }: Dataset): string {
  return `${name} has no test images: a fifth of each class is held out for the test (${count} ${count === 1 ? 'image' : 'images'})`;
}

/** Says which classes a split has no image of: no figure is about them. */
function missingClasses({ targets, classes, split }: Dataset): string[] {
  if (targets.kind !== 'classes') return [];
  const seen = new Set(targets.labels);
  const missing = classes.filter((_, label) => !seen.has(label));
  if (missing.length === 0) return [];
  const names = missing.slice(0, 20).join(', ');
  return [
    `no ${split === 'train' ? 'training' : split} image shows ${names}${missing.length > 20 ? ` and ${missing.length - 20} other classes` : ''}`,
  ];
}

function chosenClasses(splits: OpenedSplits, classes: OpenOptions['classes']): OpenedSplits {
  if (classes === undefined) return splits;
  const { train, test, validation } = splits;
  return {
    ...splits,
    train: selectClasses(train, classes),
    ...(test && { test: selectClasses(test, classes) }),
    ...(validation && { validation: selectClasses(validation, classes) }),
  };
}

function holdOut(
  dataset: Dataset,
  share: number,
  seed: number,
  split: 'test' | 'validation',
): readonly [kept: Dataset, held: Dataset] {
  // Without one class an image there are no strata: all images are one.
  const labels = dataset.targets.kind === 'classes' ? dataset.targets.labels : new Uint8Array(dataset.count);
  const { kept, held } = stratifiedSplit(labels, share, seed);
  if (kept.length === 0 || held.length === 0) {
    const expected = `enough images of ${dataset.name} to hold out a share of ${share} for ${split}`;
    throw new ConvoyError('CONVOY_DATA', `Expected ${expected} but there are ${dataset.count}`, {
      place: dataset.name,
    });
  }
  return [selectSamples(dataset, kept, 'train'), selectSamples(dataset, held, split)];
}

async function openSplits(options: OpenOptions): Promise<OpenedSplits> {
  const { name, dataDir, download = true } = options;
  const known = catalogEntry(name);
  if (known === undefined) return openPath(options);
  const openNamed = otherNamed(options);
  const made = known.formats.find((format) => !format.needsFiles);
  const { found, lookedAt } = made === undefined ? await locateDataset(known, dataDir) : await findMade(made, known);
  if (found !== undefined) return found.open({ name, known, options, openNamed });
  if (dataDir !== undefined) throw notFound(known, lookedAt, 'Without --data-dir other places are looked at.');
  if (!download) throw notFound(known, lookedAt, 'Downloading was turned off.');
  const folder = await downloadDataset(known, options).catch((error: unknown) => {
    if (!(error instanceof ConvoyError) || error.code !== 'CONVOY_DATA') throw error;
    throw notFound(known, lookedAt, `The download failed: ${error.message}`, error);
  });
  const downloaded = await locateDataset(known, folder);
  if (downloaded.found === undefined) throw notFound(known, downloaded.lookedAt, 'The download was not recognised.');
  return downloaded.found.open({ name, known, options, openNamed });
}

/** Opens the whole of another dataset, found as this one is. */
function otherNamed({
  dataDir,
  download,
  seed,
  onProgress,
  signal,
}: OpenOptions): (name: string) => Promise<OpenedSplits> {
  return (name) =>
    openSplits({
      name,
      seed,
      ...(dataDir !== undefined && { dataDir }),
      ...(download !== undefined && { download }),
      ...(onProgress && { onProgress }),
      ...(signal && { signal }),
    });
}

async function findMade(format: DatasetFormat, known: CatalogEntry): ReturnType<typeof locateDataset> {
  const found = await format.find('', known);
  return typeof found === 'string' ? { lookedAt: [found] } : { found, lookedAt: [] };
}

/** A file or folder that a person gave, in the first format that it has. */
async function openPath(options: OpenOptions): Promise<OpenedSplits> {
  const place = path.resolve(options.name);
  if ((await stat(place).catch(() => undefined)) === undefined) throw unknownDataset(options.name);
  for (const format of pathFormats) {
    const found = await format.find(place, undefined, options.task);
    if (typeof found !== 'string')
      return found.open({ name: path.basename(place), options, openNamed: otherNamed(options) });
  }
  throw fileError('CONVOY_DATA', place, '', pathsInWords(), otherFile(place));
}

/** What a file is that is no dataset, and what to do with it. */
function otherFile(place: string): string {
  const packed = /\.(zip|rar|7z|gz|bz2|xz|zst|tbz2?|txz)$/i.exec(place)?.[0];
  if (packed !== undefined) return `a ${packed} file (unpack it and name the folder)`;
  return isImageName(place) ? 'one image (name the folder that holds the folders of classes)' : 'another file';
}

/** The formats that a path may have, the commonest first. */
const pathsInWords = (): string =>
  [...pathFormats]
    .reverse()
    .map(({ description }) => description)
    .join(', or ');

function unknownDataset(name: string): ConvoyError {
  const known = catalog.map((entry) => entry.name);
  const advice = adviceOnDataset(name);
  if (advice !== undefined) return valueError('--dataset', `one of ${known.join(', ')}, or a path,`, name, advice);
  if (!/[\\/.]/.test(name))
    return choiceError('--dataset', name, { known, also: 'the path of a folder or archive of images' });
  const folder = path.dirname(path.resolve(name));
  const beside = existsSync(folder) ? readdirSync(folder) : [];
  const meant = suggestions(path.basename(name), beside).map((entry) => path.join(path.dirname(name), entry));
  const found = existsSync(folder) ? 'no such file or folder' : `no folder ${path.dirname(name)}`;
  return fileError('CONVOY_OPTION', name, '', 'a folder or archive of images', `${found}${didYouMean(meant)}`);
}

/** Says every place looked at and what a person can do. */
function notFound(entry: CatalogEntry, lookedAt: readonly string[], why: string, cause?: unknown): ConvoyError {
  const lines = [
    `Expected dataset ${entry.name} but found it nowhere. Looked at:`,
    ...lookedAt.map((line) => `  ${line}`),
    why,
    'Put its files into one of these folders, or name yours with --data-dir or $CONVOY_DATA. They are published at:',
    ...entry.files.map(({ url }) => `  ${url}`),
  ];
  return new ConvoyError('CONVOY_DATA', lines.join('\n'), { place: entry.name, lookedAt }, cause);
}
