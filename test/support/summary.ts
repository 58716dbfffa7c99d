import type { TrainedRun } from '../../src/training/index.js';

/** For tests of what a training came to: `trainer.train().then(summaryOf)`. */
export const summaryOf = (run: TrainedRun): TrainedRun['summary'] => run.summary;
