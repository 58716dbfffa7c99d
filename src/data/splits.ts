import type { Dataset } from '../contracts/index.js';
import type { DecodedSet } from './decoded-cache.js';
import type { BadImage } from './options.js';
import { pixelDataset } from './stores.js';

/** The splits that a dataset has; without `test` the caller splits. */
export interface OpenedSplits {
  readonly train: Dataset;
  readonly test?: Dataset;
  readonly validation?: Dataset;
  /** Images that were left out. */
  readonly badImages: readonly BadImage[];
  /** Images of the whole set, those left out too. */
  readonly imageCount: number;
  /** What a person should know of how it was read. */
  readonly notes: readonly string[];
}

/** Splits of decoded images. */
export function decodedSplits(
  name: string,
  { classes, train, test, validation, badImages, notes = [] }: DecodedSet,
): OpenedSplits {
  return {
    train: pixelDataset(name, 'train', classes, train),
    ...(test && { test: pixelDataset(name, 'test', classes, test) }),
    ...(validation && { validation: pixelDataset(name, 'validation', classes, validation) }),
    badImages,
    imageCount: badImages.length + [train, test, validation].reduce((sum, split) => sum + (split?.count ?? 0), 0),
    notes,
  };
}
