/** Several trainings that belong together. */
export {
  type CrossValidateOptions,
  type CrossValidation,
  crossValidate,
  type FoldScores,
} from './cross-validate.js';
export type { SpaceInput, TrialParameters } from './search-space.js';
export type { Spread } from './spread.js';
export { type SweepOptions, type SweepResult, sweep } from './sweep.js';
export { readSweepFile, type SweepFile } from './sweep-file.js';
export type { SweptTrial } from './trial.js';
