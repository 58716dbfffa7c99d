/** What is done beside training: verify, tune, lr-find, analyse. */
export { type AnalyseOptions, type Analysis, analyseRun, analyses } from './analyse.js';
export {
  findLearningRate,
  type LearningRateSearch,
  type LearningRateSearchOptions,
  suggestLearningRates,
} from './lr-find.js';
export { type Tried, tune } from './tune.js';
export { type Check, verify } from './verify.js';
