export type {
  Callback,
  Control,
  EpochRecord,
  Phase,
  SplitScores,
  StepRecord,
  TrainContext,
} from './contract.js';
export { csvLogger, type CsvLoggerOptions } from './csv-logger.js';
export { earlyStopping, type EarlyStoppingOptions } from './early-stopping.js';
export { keepCheckpoints, type KeepCheckpointsOptions } from './keep-checkpoints.js';
export { CallbackList } from './list.js';
export { monitored, monitorMode, monitorSchema, type Monitor, type MonitorMode } from './monitor.js';
export { targetReached, type TargetReachedOptions } from './target-reached.js';
