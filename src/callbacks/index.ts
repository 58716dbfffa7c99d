export { bestWeights } from './best-weights.js';
export type {
  Callback,
  Control,
  EpochPart,
  EpochRecord,
  SplitScores,
  StepRecord,
  TrainContext,
} from './contract.js';
export { type CsvLoggerOptions, csvLogger } from './csv-logger.js';
export { type EarlyStoppingOptions, earlyStopping } from './early-stopping.js';
export { type KeepCheckpointsOptions, keepCheckpoints } from './keep-checkpoints.js';
export { CallbackList } from './list.js';
export { monitored, requireMonitors } from './monitor.js';
export { type TargetReachedOptions, targetReached } from './target-reached.js';
