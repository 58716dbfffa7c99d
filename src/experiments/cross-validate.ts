import { join } from 'node:path';
import { writeFileAtomic } from '../base/atomic-file.js';
import { combinationError, valueError } from '../base/errors.js';
import type { EpochRecord, SplitScores } from '../callbacks/index.js';
import { type ConfigInput, resolveConfig } from '../config/index.js';
import { holdOutFold } from '../data/index.js';
import type { TrainSummary } from '../run/index.js';
import type { Datasets } from '../runtime/index.js';
import { continuedRun, type ExperimentTraining, stoppedWithin } from './continued-run.js';
import { joinOutOfFold, writeOutOfFold } from './out-of-fold.js';
import { keepPlan } from './plan-file.js';
import { type Spread, spreadOf } from './spread.js';

export interface CrossValidateOptions extends ExperimentTraining {
  readonly config: ConfigInput;
  /** Number of folds, at least 2. */
  readonly folds: number;
  /** Folder for `fold-1`, `fold-2`... and the results. One that was begun with the same configuration is gone on with. */
  readonly out: string;
  /** Told when a fold's turn comes, from 1, also of one that has ended before. */
  readonly onFold?: (fold: number) => void;
  readonly onEpoch?: (record: EpochRecord, fold: number) => void;
}

/** A fold's scores, of the weights that its run ended with. */
export interface FoldScores {
  /** From 1. */
  readonly fold: number;
  /** Of the samples that the fold holds out. */
  readonly validation: SplitScores;
  /** Of the dataset's test split. */
  readonly test: SplitScores;
  readonly epochs: number;
}

/** What a cross-validation came to. */
export interface CrossValidation {
  readonly folds: readonly FoldScores[];
  /** By score, as `validation.accuracy`. */
  readonly spread: Readonly<Record<string, Spread>>;
  /** Files written into `out`. */
  readonly files: readonly string[];
}

/**
 * Trains once for each of `folds` stratified parts of the training samples, with that part held out for validation. Writes
 * `cross-validation.json` (scores of each fold, mean and sample standard deviation) and `out-of-fold.csv` (a prediction for
 * each training sample by the run that has not seen it).
 *
 * @throws ConvoyError `CONVOY_OPTION` where the folder is of another experiment, `CONVOY_ABORTED` when the signal is given,
 *   and as `Trainer.run`.
 */
export async function crossValidate(options: CrossValidateOptions): Promise<CrossValidation> {
  const { config: input, folds, out, onFold, onEpoch, datasets, ...training } = options;
  if (!Number.isInteger(folds) || folds < 2) throw valueError('folds', 'an integer of at least 2', folds);
  const config = resolveConfig({ where: 'config', input });
  if (config.validationSplit > 0)
    throw combinationError('cross-validation', 'excludes', 'validationSplit: each fold is a validation split');
  await keepPlan(out, 'plan', { kind: 'cross-validation', folds, config });
  const scores: FoldScores[] = [];
  const places: string[] = [];
  for (let fold = 1; fold <= folds; fold++) {
    onFold?.(fold);
    const folder = join(out, `fold-${fold}`);
    const own = datasets && datasetsOf(datasets, { index: fold, of: folds }, config.seed);
    const opening = { ...training, ...(own && { datasets: own }) };
    try {
      const run = continuedRun(folder, { ...config, fold: { index: fold, of: folds } }, opening);
      let step = await run.next();
      for (; !step.done; step = await run.next()) onEpoch?.(step.value, fold);
      const { onBatch: _, onStart: __, model: ___, weights: ____, ...data } = opening;
      await writeOutOfFold(folder, fold, data);
      scores.push(scoresOf(fold, step.value));
    } catch (error) {
      throw stoppedWithin(error, `fold ${fold} of ${folds}`);
    }
    places.push(folder);
  }
  const spread = spreadOfFolds(scores);
  const file = join(out, 'cross-validation.json');
  await writeFileAtomic(file, [`${JSON.stringify({ folds: scores, spread }, undefined, 2)}\n`]);
  return { folds: scores, spread, files: [file, await joinOutOfFold(out, places)] };
}

function datasetsOf(given: Datasets, fold: { index: number; of: number }, seed: number): Datasets {
  const { kept, held, indices } = holdOutFold(given.train, fold, seed);
  return { ...given, train: kept, validation: held, validationIndices: indices };
}

function scoresOf(fold: number, { validation, test, epochs }: TrainSummary): FoldScores {
  if (validation === undefined) throw new TypeError(`fold ${fold} has no validation scores`);
  return { fold, validation, test, epochs };
}

function spreadOfFolds(folds: readonly FoldScores[]): Record<string, Spread> {
  const names = (['validation', 'test'] as const).flatMap((split) =>
    Object.keys(folds[0]?.[split] ?? {}).map((score) => [split, score as keyof SplitScores] as const),
  );
  return Object.fromEntries(
    names.map(([split, score]) => [`${split}.${score}`, spreadOf(folds.map((fold) => fold[split][score]))]),
  );
}
