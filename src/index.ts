/** convoy's public API: everything else may change. */

export { ConvoyError, type ErrorCode } from './base/errors.js';
export type { Callback, Control, EpochRecord, StepRecord, TrainContext } from './callbacks/index.js';
export { csvLogger, earlyStopping, keepCheckpoints, targetReached } from './callbacks/index.js';
export {
  type ConfigInput,
  configSchema,
  type RunConfig,
  readConfigFile,
  readRecipe,
  recipeNames,
  resolveConfig,
} from './config/index.js';
export type {
  BatchRequest,
  BatchSlot,
  BatchStage,
  Dataset,
  DatasetPair,
  ImageShape,
  LossSpec,
  Precision,
} from './contracts/index.js';
export { catalog, type OpenOptions, openDataset } from './data/index.js';
export type { ModuleLoss } from './losses/index.js';
export { losses } from './losses/spec/index.js';
export { classificationReport, createMetrics, createMultiLabelMetrics, metricsCsv } from './metrics/index.js';
export { createModel, initialWeights, modelSummary, networks } from './models/index.js';
export { optimizers } from './optimizers/index.js';
export type { Runtime } from './runtime/index.js';
export { schedules } from './schedules/index.js';
export {
  type AnalyseOptions,
  type Analysis,
  analyseRun,
  type Check,
  findLearningRate,
  type LearningRateSearch,
  type LearningRateSearchOptions,
  suggestLearningRates,
  verify,
} from './tools/index.js';
export {
  evaluateSplit,
  type OpenRunOptions,
  openRun,
  type Progress,
  Trace,
  Trainer,
  type TrainerOptions,
  type TrainSummary,
} from './training/index.js';
export { loadModelFile, mapWeights, readWeightsFile, writeSafetensors } from './weights/index.js';
