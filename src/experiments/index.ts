/** Several trainings that belong together. */
export {
  type CrossValidateOptions,
  type CrossValidation,
  crossValidate,
  type FoldScores,
} from './cross-validate.js';
export type { Spread } from './spread.js';
