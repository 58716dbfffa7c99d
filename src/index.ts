/** convoy's public API: everything else may change. */
export type { BatchRequest, BatchSlot, BatchStage, Dataset, DatasetPair, ImageShape, LossSpec, Precision } from './contracts/index.js';
export type { Callback, Control, EpochRecord, StepRecord, TrainContext } from './callbacks/index.js';
export { csvLogger, earlyStopping, keepCheckpoints, targetReached } from './callbacks/index.js';
export { configSchema, resolveConfig, type ConfigInput, type RunConfig } from './config.js';
export { catalog, openDataset, type OpenOptions } from './data/index.js';
export { ConvoyError, type ErrorCode } from './errors.js';
export { evaluateSplit } from './evaluation.js';
export { classificationReport, createMetrics, createMultiLabelMetrics, metricsCsv } from './metrics/index.js';
export { analyseRun, type AnalyseOptions, type Analysis } from './analyse-run.js';
export { findLearningRate, type LearningRateSearch, type LearningRateSearchOptions, suggestLearningRates } from './lr-find.js';
export { createModel, initialWeights, modelSummary, networks } from './models/index.js';
export { readConfigFile, readRecipe, recipeNames } from './recipes.js';
export { openRun, type OpenRunOptions } from './run-model.js';
export type { Runtime } from './runtime.js';
export { type Progress, Trainer, type TrainerOptions, type TrainSummary } from './trainer.js';
export { Trace } from './trace.js';
export { type Check, verify } from './verify.js';
export { loadModelFile, mapWeights, readWeightsFile, writeSafetensors } from './weights/index.js';
