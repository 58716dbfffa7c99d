/** The folder of a run: configuration, checkpoints, the exported model. */
export { averagedState, takeAveragedWeights, withAveragedWeights } from './averaged-weights.js';
export { checkpointWeights, detached, readCheckpoint, writeCheckpoint } from './checkpoint.js';
export { makeRunFolder, type NumberedFolder } from './empty-folders.js';
export { exportLayersModel } from './export-model.js';
export { RunFolder, type TrainSummary } from './folder.js';
export { readHistory } from './history.js';
export { lockName } from './occupied.js';
export { findRecord, type RunRecord, readRecord, writeRecord } from './record.js';
