/** One training step over all workers. */

export { AgreedStop } from './agreed-stop.js';
export { runSlice, type SliceTask, stepInSlices } from './all-reduce.js';
export type { Sums } from './batch-end.js';
export { BatchShare } from './batch-share.js';
export { type ClusterRun, shardsOfRank } from './companions.js';
export { Coordinator, type StepOutcome } from './coordinator.js';
export {
  chainBytes,
  chainSeconds,
  type Exchange,
  leastBytes,
  sliceSeconds,
  stagingLength,
} from './exchange-cost.js';
export { BatchFeeder, EpochFeeds, type ReadyBatch } from './feeder.js';
export { GradientPool } from './gradient-pool.js';
export { batchSlot, initializeState, readWeights, stepRegions, writeWeights } from './run-memory.js';
export { type SliceCount, sliceCount } from './slice-count.js';
export { spinTime } from './step-barrier.js';
export { everyBatch } from './sweep.js';
