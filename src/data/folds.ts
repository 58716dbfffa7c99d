import { ConvoyError } from '../base/errors.js';
import { permutation, RandomStream } from '../base/random.js';
import type { Dataset } from '../contracts/index.js';
import { selectSamples } from './split.js';

/** One fold of a cross-validation. */
export interface Fold {
  /** From 1. */
  readonly index: number;
  readonly of: number;
}

/**
 * Deals the samples of each class to folds: sizes of folds, and samples of a class in each, differ by one at most. How many
 * of a class are in which fold is as in scikit-learn's `StratifiedKFold`; which ones depends on `seed` alone.
 *
 * @returns the fold of each sample, from 0.
 */
export function stratifiedFolds(labels: ArrayLike<number>, folds: number, seed: number): Uint32Array {
  const members = new Map<number, number[]>();
  for (let sample = 0; sample < labels.length; sample++) {
    const label = labels[sample] as number;
    const own = members.get(label);
    if (own === undefined) members.set(label, [sample]);
    else own.push(sample);
  }
  const result = new Uint32Array(labels.length);
  let dealt = 0; // a class begins at the fold behind the last one of the class before
  for (const [label, samples] of members) {
    for (const place of permutation(samples.length, new RandomStream(seed, 'split', label, folds)))
      result[samples[place] as number] = dealt++ % folds;
  }
  return result;
}

/** What a fold is held out of, and which samples. */
export interface FoldSplit {
  readonly kept: Dataset;
  readonly held: Dataset;
  /** Places of the held samples among all. */
  readonly indices: Uint32Array;
}

/**
 * Holds out one fold of the training samples as their validation split.
 *
 * @throws ConvoyError `CONVOY_DATA` where there are fewer samples than folds, or images have several labels.
 */
export function holdOutFold(dataset: Dataset, { index, of }: Fold, seed: number): FoldSplit {
  const { targets, count, name } = dataset;
  const fail = (expected: string, found: string): never => {
    throw new ConvoyError('CONVOY_DATA', `Expected ${expected} for ${of} folds of ${name} but found ${found}`, {
      place: name,
    });
  };
  if (targets.kind !== 'classes') return fail('one class per image', 'several labels an image');
  if (count < of) fail(`at least ${of} training samples`, String(count));
  const folds = stratifiedFolds(targets.labels, of, seed);
  const placesOf = (mine: boolean): Uint32Array =>
    Uint32Array.from([...folds.keys()].filter((sample) => (folds[sample] === index - 1) === mine));
  const indices = placesOf(true);
  return {
    kept: selectSamples(dataset, placesOf(false), 'train'),
    held: selectSamples(dataset, indices, 'validation'),
    indices,
  };
}
