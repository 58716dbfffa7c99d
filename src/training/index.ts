/** Trains, evaluates, goes on from checkpoints. */
export { detectionResult, detectionsIn } from './detection-scores.js';
export { evaluateSplit } from './evaluation.js';
export { type OpenRunOptions, openRun } from './open-run.js';
export type { TrainerOptions } from './options.js';
export { shortened } from './phases.js';
export type { Progress } from './progress.js';
export type { TrainSummary } from './recorder.js';
export { openRunRuntime, type RunRuntimeOptions } from './run-runtime.js';
export { endlessSteps, type TrainedBatch, trainingSteps } from './steps.js';
export { Trace } from './trace.js';
export { type DataOptions, TrainedRun } from './trained-run.js';
export { Trainer } from './trainer.js';
export type { StepTimes, Watcher } from './watcher.js';
