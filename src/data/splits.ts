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
}

/** Splits of decoded images. */
export function decodedSplits(name: string, { classes, train, test, validation, badImages }: DecodedSet): OpenedSplits {
  return {
    train: pixelDataset(name, 'train', classes, train),
    ...(test && { test: pixelDataset(name, 'test', classes, test) }),
    ...(validation && { validation: pixelDataset(name, 'validation', classes, validation) }),
    badImages,
  };
}
