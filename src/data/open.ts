import { stat } from 'node:fs/promises';
import path from 'node:path';
import { ConvoyError, optionError } from '../base/errors.js';
import type { Dataset } from '../contracts/index.js';
import { isArchiveName } from './archive.js';
import { type CatalogEntry, catalog, catalogEntry } from './catalog.js';
import { readCifar } from './cifar.js';
import { selectClasses } from './class-subset.js';
import { type DecodedSet, loadDecoded, saveDecoded } from './decoded-cache.js';
import { downloadDataset } from './download.js';
import { readIdxImages, readIdxLabels } from './idx.js';
import { type ImageSplits, openImages } from './image-set.js';
import { archiveIdentity } from './image-source.js';
import { type Found, type IdxFiles, locateDataset } from './locate.js';
import { type BadImage, checkOpenOptions, type OpenOptions } from './options.js';
import { openShapes } from './shapes.js';
import { firstSamples, selectSamples, stratifiedSplit } from './split.js';
import { pixelDataset } from './stores.js';

/** A dataset, opened. */
export interface OpenedDataset {
  readonly train: Dataset;
  readonly test: Dataset;
  readonly validation?: Dataset;
  /** Images left out because of `onBadImage: 'skip'`. */
  readonly badImages: readonly BadImage[];
}

/** Share of an image folder without splits that becomes its test split. */
const testShare = 0.2;

/**
 * Opens a dataset by its name in the catalog or by the path of an image folder or tar(.gz) archive.
 *
 * A named dataset is looked for in `dataDir`, `$CONVOY_DATA`, where Debian packages put it, and the cache, in this
 * order; else it is downloaded into the cache. An image folder holds train/CLASS/... and test/CLASS/... (or val,
 * valid, validation), or CLASS/... of which a fifth of each class, chosen by `seed`, becomes the test split.
 *
 * @throws ConvoyError `CONVOY_OPTION` for a wrong option, `CONVOY_DATA` when the data is nowhere or damaged,
 *   `CONVOY_MEMORY` when it does not fit, `CONVOY_DISK` when the cache cannot take a download or a large archive,
 *   `CONVOY_ABORTED` when `signal` was given.
 */
export async function openDataset(options: OpenOptions): Promise<OpenedDataset> {
  checkOpenOptions(options);
  const splits = chosenClasses(await openSplits(options), options.classes);
  const [whole, test] =
    splits.test === undefined ? holdOut(splits.train, testShare, options.seed, 'test') : [splits.train, splits.test];
  const limited = options.limit === undefined ? whole : firstSamples(whole, options.limit);
  const { badImages } = splits;
  if (options.validationSplit !== undefined && options.validationSplit > 0) {
    const [train, validation] = holdOut(limited, options.validationSplit, options.seed, 'validation');
    return { train, test, validation, badImages };
  }
  return { train: limited, test, ...(splits.validation && { validation: splits.validation }), badImages };
}

function chosenClasses(splits: ImageSplits, classes: OpenOptions['classes']): ImageSplits {
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
  if (dataset.targets.kind !== 'classes') {
    throw optionError('validationSplit', 'a dataset of one class per image', dataset.targets.kind);
  }
  const { kept, held } = stratifiedSplit(dataset.targets.labels, share, seed);
  if (kept.length === 0 || held.length === 0) {
    const expected = `enough images of ${dataset.name} to hold out a share of ${share} for ${split}`;
    throw new ConvoyError('CONVOY_DATA', `Expected ${expected} but there are ${dataset.count}`, {
      place: dataset.name,
    });
  }
  return [selectSamples(dataset, kept, 'train'), selectSamples(dataset, held, split)];
}

async function openSplits(options: OpenOptions): Promise<ImageSplits> {
  const { name, dataDir, download = true } = options;
  const entry = catalogEntry(name);
  if (entry === undefined) {
    if ((await stat(name).catch(() => undefined)) === undefined) throw unknownDataset(name);
    return openImages(path.basename(path.resolve(name)), name, options);
  }
  if (options.imageSize !== undefined) {
    const { height, width } = entry.shape;
    throw optionError(
      'imageSize',
      `none (${name} is ${height}x${width}; only folders and archives are resized)`,
      options.imageSize,
    );
  }
  if (entry.format === 'drawn') return fromDecoded(name, await openShapes(entry, options));
  const { found, lookedAt } = await locateDataset(entry, dataDir);
  if (found !== undefined) return openFound(entry, found, options);
  if (!download) throw notFound(entry, lookedAt, 'Downloading was turned off.');
  const folder = await downloadDataset(entry, options).catch((error: unknown) => {
    if (!(error instanceof ConvoyError) || error.code !== 'CONVOY_DATA') throw error;
    throw notFound(entry, lookedAt, `The download failed: ${error.message}`, error);
  });
  const downloaded = await locateDataset(entry, folder);
  if (downloaded.found === undefined) throw notFound(entry, downloaded.lookedAt, 'The download was not recognised.');
  return openFound(entry, downloaded.found, options);
}

async function openFound(entry: CatalogEntry, found: Found, options: OpenOptions): Promise<ImageSplits> {
  if (found.form === 'images') return openImages(entry.name, found.source, options, entry);
  if (found.form === 'cifar') return fromDecoded(entry.name, await openCifar(entry, found.source, options.signal));
  return fromDecoded(entry.name, await openIdx(entry, found.files, options.signal));
}

async function openIdx(entry: CatalogEntry, files: IdxFiles, signal?: AbortSignal): Promise<DecodedSet> {
  const read = async (images: string, labels: string) => {
    const decoded = await readIdxImages(images, entry.shape, signal);
    return { ...decoded, labels: await readIdxLabels(labels, entry.classes.length, decoded.count, signal) };
  };
  return {
    classes: entry.classes,
    train: await read(files.trainImages, files.trainLabels),
    test: await read(files.testImages, files.testLabels),
    badImages: [],
  };
}

/** Unpacking the archive takes seconds, so its pixels are kept. */
async function openCifar(entry: CatalogEntry, source: string, signal?: AbortSignal): Promise<DecodedSet> {
  if (!isArchiveName(source))
    return { classes: entry.classes, ...(await readCifar(entry, source, false, signal)), badImages: [] };
  const key = JSON.stringify(['cifar', entry.name, await archiveIdentity(source)]);
  const kept = await loadDecoded(key);
  if (kept !== undefined) return kept;
  const set: DecodedSet = { classes: entry.classes, ...(await readCifar(entry, source, true, signal)), badImages: [] };
  await saveDecoded(key, set);
  return set;
}

function fromDecoded(name: string, { classes, train, test, validation, badImages }: DecodedSet): ImageSplits {
  return {
    train: pixelDataset(name, 'train', classes, train),
    ...(test && { test: pixelDataset(name, 'test', classes, test) }),
    ...(validation && { validation: pixelDataset(name, 'validation', classes, validation) }),
    badImages,
  };
}

function unknownDataset(name: string): ConvoyError {
  const names = catalog.map((entry) => entry.name).join(', ');
  return optionError('--dataset', `one of ${names}, or the path of an image folder or tar(.gz) archive`, name);
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
