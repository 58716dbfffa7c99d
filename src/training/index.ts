/** Trains, evaluates, goes on from checkpoints. */
export { evaluateSplit } from './evaluation.js';
export { type OpenRunOptions, openRun } from './open-run.js';
export { shortened } from './phases.js';
export { Trace } from './trace.js';
export { type Progress, Trainer, type TrainerOptions, type TrainSummary } from './trainer.js';
