import type { Dataset } from '../contracts/index.js';
import { ConvoyError, fileError, optionError } from '../errors.js';
import { catalog, catalogEntry, type CatalogEntry } from './catalog.js';
import type { DecodedSet } from './decoded-cache.js';
import { readIdxImages, readIdxLabels } from './idx.js';
import { locateDataset, type Found } from './locate.js';
import { checkOpenOptions, type BadImage, type OpenOptions } from './options.js';
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

/**
 * Opens a dataset by its name in the catalog or by the path of an image folder or tar(.gz) archive.
 *
 * A named dataset is looked for in `dataDir`, `$CONVOY_DATA`, where Debian packages put it, and the cache, in this
 * order; else it is downloaded into the cache.
 *
 * @throws ConvoyError `CONVOY_OPTION` for a wrong option, `CONVOY_DATA` when the data is nowhere or damaged,
 *   `CONVOY_MEMORY` when it does not fit, `CONVOY_ABORTED` when `signal` was given.
 */
export async function openDataset(options: OpenOptions): Promise<OpenedDataset> {
  checkOpenOptions(options);
  const { train, test, badImages } = await openSplits(options);
  const limited = options.limit === undefined ? train : firstSamples(train, options.limit);
  const { validationSplit = 0 } = options;
  if (validationSplit === 0) return { train: limited, test, badImages };
  if (limited.targets.kind !== 'classes') {
    throw optionError('validationSplit', 'a dataset of one class per image', limited.targets.kind);
  }
  const { kept, held } = stratifiedSplit(limited.targets.labels, validationSplit, options.seed);
  if (kept.length === 0 || held.length === 0) {
    const expected = `a share that leaves samples on both sides of the ${limited.count} there are`;
    throw optionError('validationSplit', expected, validationSplit);
  }
  return {
    train: selectSamples(limited, kept, 'train'),
    validation: selectSamples(limited, held, 'validation'),
    test,
    badImages,
  };
}

async function openSplits(options: OpenOptions): Promise<Omit<OpenedDataset, 'validation'>> {
  const entry = catalogEntry(options.name);
  if (entry === undefined) throw unknownDataset(options.name);
  if (entry.format === 'drawn') return fromDecoded(entry.name, await openShapes(entry, options));
  const { found, lookedAt } = await locateDataset(entry, options.dataDir);
  if (found === undefined) throw notFound(entry, lookedAt);
  return fromDecoded(entry.name, await readFound(entry, found, options));
}

async function readFound(entry: CatalogEntry, found: Found, { signal }: OpenOptions): Promise<DecodedSet> {
  if (found.form !== 'idx') throw fileError('CONVOY_DATA', found.source, '', 'IDX files', found.form);
  const { files } = found;
  const read = async (images: string, labels: string) => {
    const read = await readIdxImages(images, entry.shape, signal);
    return { ...read, labels: await readIdxLabels(labels, entry.classes.length, read.count, signal) };
  };
  return {
    classes: entry.classes,
    train: await read(files.trainImages, files.trainLabels),
    test: await read(files.testImages, files.testLabels),
    badImages: [],
  };
}

function fromDecoded(name: string, { classes, train, test, badImages }: DecodedSet): Omit<OpenedDataset, 'validation'> {
  return {
    train: pixelDataset(name, 'train', classes, train),
    test: pixelDataset(name, 'test', classes, test),
    badImages,
  };
}

function unknownDataset(name: string): ConvoyError {
  const names = catalog.map((entry) => entry.name).join(', ');
  return optionError('--dataset', `one of ${names}, or the path of an image folder or tar(.gz) archive`, name);
}

/** Says every place looked at and what a person can do. */
function notFound(entry: CatalogEntry, lookedAt: readonly string[]): ConvoyError {
  const lines = [
    `Expected dataset ${entry.name} but found it nowhere. Looked at:`,
    ...lookedAt.map((line) => `  ${line}`),
    `Put its files into one of these folders or name yours with --data-dir; they are published at:`,
    ...entry.files.map(({ url }) => `  ${url}`),
  ];
  return new ConvoyError('CONVOY_DATA', lines.join('\n'), { place: entry.name, lookedAt });
}
