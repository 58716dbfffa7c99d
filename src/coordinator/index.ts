/** One training step over all workers. */
export { runSlice, type SliceTask, stepInSlices } from './all-reduce.js';
export type { Sums } from './batch-end.js';
export { Coordinator, type SliceCount, type StepOutcome, sliceCount } from './coordinator.js';
export { BatchFeeder, EpochFeeds, type ReadyBatch } from './feeder.js';
export { GradientPool } from './gradient-pool.js';
export { batchSlot, initializeState, readWeights, stepRegions, writeWeights } from './run-memory.js';
export { spinTime } from './step-barrier.js';
export { everyBatch } from './sweep.js';
