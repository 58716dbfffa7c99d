/** The coordinator's part inside workers; `index.ts` would load piscina's pool there too. */
export { runSlice, type SliceTask } from './all-reduce.js';
export { BatchEnd, isFiniteLoss } from './batch-end.js';
export type { StepShare, WorkerReply, WorkerSetup, WorkerTask } from './messages.js';
export { StepBarrier } from './step-barrier.js';
